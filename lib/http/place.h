/* Where a service listens. */
#ifndef FARMLOCK_HTTP_PLACE_H
#define FARMLOCK_HTTP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"

enum { PLACE_HOST_SIZE = 256, PLACE_PORT_SIZE = 32 };

/* "ADDRESS:PORT" in its parts: an empty host is loopback, "*" all.  Returns 0, or -1. */
int place_parse(const char *where, char host[PLACE_HOST_SIZE], char port[PLACE_PORT_SIZE]);

/* Opens its sockets, `most` at most, non-blocking and listening.  Returns how many; or -1 with
 * errno and a line in `error`. */
int place_open(const char *where, int *fds, size_t most, char error[HTTP_ERROR_SIZE]);

#endif
