/* Addresses that sockets are bound to. */
#ifndef FARMLOCK_NET_ADDRESS_H
#define FARMLOCK_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The port that a socket is bound to; 0 for none, as a UNIX socket has. */
uint16_t address_bound_port(int fd);

/* Sets the port of an address of IPv4 or IPv6; another one has none, and stays. */
void address_set_port(struct sockaddr *address, uint16_t port);

/* True for the errno of a socket(2) or bind(2) that failed because this machine has no such
 * address or lacks its family, IPv6 above all: no failure where another address will do.
 */
bool address_is_missing(int error);

#endif
