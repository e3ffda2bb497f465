/* What pidstatd shows by HTTP. */
#ifndef FARMLOCK_PIDSTATD_HTTP_H
#define FARMLOCK_PIDSTATD_HTTP_H

#include <stddef.h>

#include "http_option.h"

struct event_base;
struct pidstat_server;

/* Opens its sockets, where any were asked for.  Returns 0, or the status to exit with behind a
 * message. */
int pidstatd_http_listen(const struct http_option *option, const struct pidstat_server *server);

/* Whom to serve, as --allow has it: at any time.  -1 with errno. */
int pidstatd_http_set_allow(const char *const *ranges, size_t count);

/* Serves, if it listens.  -1 with errno. */
int pidstatd_http_start(struct event_base *base);

/* Ends it, before the server. */
void pidstatd_http_stop(void);

#endif
