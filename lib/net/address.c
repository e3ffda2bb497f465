/* Questions about sockets' own addresses.
 * Must not open, bind or resolve anything. */
#include "address.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

uint16_t address_bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } own = {.v6 = {0}};
    socklen_t len = sizeof own;

    if (getsockname(fd, &own.any, &len) != 0)
        return 0;
    if (own.any.sa_family == AF_INET)
        return ntohs(own.v4.sin_port);
    return own.any.sa_family == AF_INET6 ? ntohs(own.v6.sin6_port) : 0;
}

void address_set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    else if (address->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
}

bool address_is_missing(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EPFNOSUPPORT;
}
