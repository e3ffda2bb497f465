/* Clients of a lock server in the same process. */
#ifndef FARMLOCK_FUZZ_PEER_H
#define FARMLOCK_FUZZ_PEER_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server/arrival.h"

enum peer_place {
    PEER_LOCAL, /* known by its socket */
    PEER_FAR,   /* as if from another machine, known by what it says */
};

/* Connects one; returns its end of the connection, for the caller to close. */
static inline int peer_connect(struct ipclocker_server *server, enum peer_place place)
{
    const struct sockaddr_in network = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(0xc0000207)};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    arrival_take(server, pair[1], place == PEER_FAR ? (const struct sockaddr *)&network : &local);
    return pair[0];
}

#endif
