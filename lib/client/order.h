/* In which order the hosts of the list are tried in a round. */
#ifndef FARMLOCK_CLIENT_ORDER_H
#define FARMLOCK_CLIENT_ORDER_H

#include "client.h"

/* The host to be tried as number `step` of the round, and the reverse; a host that is left out of
 * it comes last. */
size_t client_order_host(const struct ipclocker *lock, size_t step);
size_t client_order_step(const struct ipclocker *lock, size_t host);

#endif
