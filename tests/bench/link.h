/* Connections of the loads to the server. */
#ifndef FARMLOCK_BENCH_LINK_H
#define FARMLOCK_BENCH_LINK_H

#include <stddef.h>
#include <stdint.h>

/* Connects to a port of 127.0.0.1, with TCP_NODELAY; dies where that fails.  From the address
 * 127.0.0.1 + `source`, as a pair of addresses has only 28,000 ports to connect from. */
int link_open(uint16_t port, uint32_t source);

/* Sends all of it, or dies. */
void link_send(int fd, const void *data, size_t len);

#endif
