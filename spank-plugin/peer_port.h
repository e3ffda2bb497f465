/* The side of a connection that is watched, see peer_watch.h: it listens and never accepts. */
#ifndef FARMLOCK_SPANK_PEER_PORT_H
#define FARMLOCK_SPANK_PEER_PORT_H

#include <stdint.h>

enum { PEER_PORT_SOCKETS_MAX = 64 };

struct peer_port {
    int fds[PEER_PORT_SOCKETS_MAX];
    int count;
    uint16_t port;
};

/* Listens on a port from `low` to `high`, or on one that the kernel chooses where both are 0, of
 * all addresses.  A queue holds net.core.somaxconn connections, so as many sockets share the port
 * as make room for 65536, but at most PEER_PORT_SOCKETS_MAX; `queue_max` is for tests, 0 for all
 * that the system allows.  Descriptors are close-on-exec.
 * Returns 0, or -1 with errno: EADDRINUSE when no port of the range is free, or from socket(2).
 */
int peer_port_listen(struct peer_port *port, uint16_t low, uint16_t high, int queue_max);

/* Closes this process's descriptors, such as those that a child has inherited.  Keeps errno. */
void peer_port_close(struct peer_port *port);

#endif
