/* Whom a server serves at all, by address. */
#ifndef FARMLOCK_SERVER_ALLOW_H
#define FARMLOCK_SERVER_ALLOW_H

#include <sys/socket.h>

#include "server.h"

/* Returns NULL when a connection from an address is served; else what it is to be told, and once a
 * minute the log says so. */
const struct refusal *allow_look_up(struct ipclocker_server *server,
                                    const struct sockaddr *address);

/* The same, where not all are served. */
static inline const struct refusal *allow_check(struct ipclocker_server *server,
                                                const struct sockaddr *address)
{
    return server->allow.list.count > 0 ? allow_look_up(server, address) : NULL;
}

/* Logs a warning where others than this machine can reach the server and nobody has to prove who he
 * is. */
void allow_warn_of_strangers(const struct ipclocker_server *server);

#endif
