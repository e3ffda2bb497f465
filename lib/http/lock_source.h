/* What a lock server shows by HTTP. */
#ifndef FARMLOCK_HTTP_LOCK_SOURCE_H
#define FARMLOCK_HTTP_LOCK_SOURCE_H

#include "http.h"

struct ipclocker_server;
struct lock_source;

/* Makes the source of a server's service, which the caller destroys behind that, and before the
 * server.  NULL with errno ENOMEM. */
struct lock_source *lock_source_create(struct ipclocker_server *server);

/* Has the numbers tell of users, too. */
void lock_source_tell_users(struct lock_source *source);

/* For http_create(). */
struct http_source lock_source_of_http(struct lock_source *source);

/* To be called before http_start(), with the same loop.  -1 with errno ENOMEM. */
int lock_source_start(struct lock_source *source, struct http_service *service,
                      struct event_base *base);

/* NULL is allowed. */
void lock_source_destroy(struct lock_source *source);

#endif
