/* UDP sockets for the server.
 * Must not look into the datagrams. */
#include "socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "net/address.h"
#include "net/name.h"

static int open_one(const struct addrinfo *address)
{
    const int on = 1;
    /* Room for a burst from a thousand nodes; the kernel grants what it likes. */
    const int buffer = 4 << 20;
    bool is_v6 = address->ai_family == AF_INET6;
    int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (is_v6)
        result = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) |
                 setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    else
        result = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    /* Without SO_REUSEADDR: it would let a second daemon take the port away from the first. */
    if (result != 0 || bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
        descriptor_close(fd);
        return -1;
    }
    return fd;
}

/* An address family that the machine lacks is no failure as long as another one is there. */
static int open_all(const struct addrinfo *list, int *fds, size_t max)
{
    size_t count = 0;
    int error = EADDRNOTAVAIL;

    for (const struct addrinfo *address = list; address != NULL && count < max;
         address = address->ai_next) {
        int fd = open_one(address);

        if (fd >= 0) {
            fds[count++] = fd;
            continue;
        }
        error = errno;
        if (address_is_missing(error))
            continue;
        while (count > 0)
            close(fds[--count]);
        break;
    }
    errno = error;
    return count > 0 ? (int)count : -1;
}

int pidstat_socket_open(const char *host, uint16_t port, int *fds, size_t max)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *list;
    char service[8];
    int result, saved_errno;

    snprintf(service, sizeof service, "%u", (unsigned)port);
    if (name_look_up(host, service, &hints, &list) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    result = open_all(list, fds, max);
    saved_errno = errno;
    freeaddrinfo(list);
    errno = saved_errno;
    return result;
}

static void put_source(struct watch_route *route, int level, int type, const void *info, size_t len)
{
    struct msghdr message = {.msg_control = route->control,
                             .msg_controllen = sizeof route->control};
    struct cmsghdr *header;

    memset(route->control, 0, sizeof route->control);
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(header), info, len);
    route->control_len = CMSG_SPACE(len);
}

static bool take_source_v4(const struct cmsghdr *header, struct watch_route *route)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof info);
    /* They differ where the datagram was for more than this host. */
    if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
        return false;
    info.ipi_ifindex = 0;
    put_source(route, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    return true;
}

static bool take_source_v6(const struct cmsghdr *header, struct watch_route *route)
{
    struct in6_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof info);
    if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
        return false;
    /* Only a link-local address means something on its own link alone. */
    if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        info.ipi6_ifindex = 0;
    put_source(route, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    return true;
}

static bool has_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ((const struct sockaddr_in *)address)->sin_port != 0;
    return ((const struct sockaddr_in6 *)address)->sin6_port != 0;
}

bool pidstat_socket_route(int fd, struct msghdr *message, struct watch_route *route)
{
    memset(&route->asker, 0, sizeof route->asker);
    memcpy(&route->asker, message->msg_name, message->msg_namelen);
    route->asker_len = message->msg_namelen;
    route->fd = fd;
    route->control_len = 0;
    if (!has_port(&route->asker))
        return false;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO)
            return take_source_v4(header, route);
        if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO)
            return take_source_v6(header, route);
    }
    return true;
}

void pidstat_socket_host_name(char *name, size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_CANONNAME};
    struct addrinfo *list;

    if (gethostname(name, size) != 0)
        snprintf(name, size, "localhost");
    name[size - 1] = '\0';
    if (strchr(name, '.') != NULL || getaddrinfo(name, NULL, &hints, &list) != 0)
        return;
    if (list->ai_canonname != NULL && strlen(list->ai_canonname) < size)
        snprintf(name, size, "%s", list->ai_canonname);
    freeaddrinfo(list);
}
