/* How long it is worth to look for a server that a lock is to be given back to.
 * Must not ask the server: it is away. */
#include "patience.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage storage;
};

static bool is_loopback(const struct in_addr *address)
{
    return ntohl(address->s_addr) >> 24 == IN_LOOPBACKNET;
}

/* What a host says to itself goes from the address that it goes to. */
bool patience_same_host(int fd)
{
    union address own = {.storage = {0}}, peer = {.storage = {0}};
    socklen_t own_len = sizeof own, peer_len = sizeof peer;

    if (getsockname(fd, &own.any, &own_len) != 0 || getpeername(fd, &peer.any, &peer_len) != 0)
        return false;
    switch (peer.any.sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return own.in.sin_addr.s_addr == peer.in.sin_addr.s_addr || is_loopback(&peer.in.sin_addr);
    case AF_INET6:
        return memcmp(&own.in6.sin6_addr, &peer.in6.sin6_addr, sizeof own.in6.sin6_addr) == 0;
    default:
        return false;
    }
}

unsigned patience_s(bool same_host, bool in_container)
{
    return same_host && !in_container ? PATIENCE_HERE_S : PATIENCE_S;
}
