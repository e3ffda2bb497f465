/* The server's sockets: which addresses it listens on, and answers that leave from the address
 * that was asked. */
#ifndef FARMLOCK_PIDSTAT_SOCKET_H
#define FARMLOCK_PIDSTAT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "watch.h"

/* Opens one non-blocking UDP socket for each address of `host`, all addresses of the machine
 * where that is NULL, up to `max` of them, and puts them into `fds`.  Returns how many, or -1
 * with errno as pidstat_server_listen().  Blocks while the name is resolved.
 */
int pidstat_socket_open(const char *host, uint16_t port, int *fds, size_t max);

/* Takes from a received message where its answer goes and where that leaves from.  False when it
 * must not be answered: it came to a broadcast address, or from no port.
 */
bool pidstat_socket_route(int fd, struct msghdr *message, struct watch_route *route);

/* This host's full name, as getaddrinfo(3) has it; its plain name where that fails.  Blocks while
 * the name is resolved.  `name` has `size` bytes.
 */
void pidstat_socket_host_name(char *name, size_t size);

#endif
