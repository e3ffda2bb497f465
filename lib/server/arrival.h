/* Connections that arrive: who may come in. */
#ifndef FARMLOCK_SERVER_ARRIVAL_H
#define FARMLOCK_SERVER_ARRIVAL_H

#include "server.h"

/* Takes over an accepted descriptor, whose other end has `address`: serves it, or tells its client
 * why not. */
void arrival_take(struct ipclocker_server *server, int fd, const struct sockaddr *address);

#endif
