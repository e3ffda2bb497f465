/* What lockerd shows by HTTP. */
#ifndef FARMLOCK_LOCKERD_HTTP_H
#define FARMLOCK_LOCKERD_HTTP_H

#include <stddef.h>

#include "http_option.h"

struct event_base;
struct ipclocker_server;

/* Opens its sockets, where any were asked for.  Returns 0, or the status to exit with behind a
 * message. */
int lockerd_http_listen(const struct http_option *option, struct ipclocker_server *server);

/* Whom to serve, as --allow has it: at any time. */
void lockerd_http_set_allow(const char *const *ranges, size_t count);

/* Serves, if it listens.  Returns NULL, or what went wrong. */
const char *lockerd_http_start(struct event_base *base);

/* Reads its page again, where it has one. */
void lockerd_http_read_page(const struct http_option *option);

/* Ends it, before the server. */
void lockerd_http_stop(void);

#endif
