/* UNIX sockets, each with a file that goes with it. */
#ifndef FARMLOCK_SERVER_UNIX_SOCKET_H
#define FARMLOCK_SERVER_UNIX_SOCKET_H

#include <stdbool.h>

#include "server.h"

/* What the kernel takes, see unix(7). */
#define UNIX_SOCKET_PATH_MOST ((size_t)107)

bool unix_socket_is_path(const char *path);

/* Listens at the path of a listener that is not open; a file at which nobody answers any more is
 * replaced.  Returns -1 with errno and an error: EADDRINUSE where somebody answers, EEXIST where it
 * is no socket's, and others of the system. */
int unix_socket_open(struct listener *listener);

/* Ends that, and removes the file if it is still ours; where it is not open, does nothing. */
void unix_socket_close(struct listener *listener);

/* Whether it may be opened later, as far as can be seen while another server may be open there.
 * Returns -1 with errno and an error. */
int unix_socket_check(const struct listener *listener);

#endif
