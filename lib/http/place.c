/* Sockets to listen at.
 * Must not accept from them. */
#include "place.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/number.h"
#include "net/address.h"
#include "net/keepalive.h"
#include "net/name.h"

enum { BACKLOG = 64 };

static int copy(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return -1;
    memcpy(to, from, len);
    to[len] = '\0';
    return 0;
}

int place_parse(const char *where, char host[PLACE_HOST_SIZE], char port[PLACE_PORT_SIZE])
{
    const char *colon = strrchr(where, ':'), *end = colon;
    uint64_t number;

    if (colon == NULL || number_parse(colon + 1, UINT16_MAX, &number) != 0)
        return -1;
    if (where[0] == '[') {
        where++;
        if (end == where || *--end != ']')
            return -1;
    } else if (memchr(where, ':', (size_t)(end - where)) != NULL) {
        return -1; /* an address of IPv6 has to be told from its port */
    }
    if (copy(host, PLACE_HOST_SIZE, where, (size_t)(end - where)) != 0)
        return -1;
    return copy(port, PLACE_PORT_SIZE, colon + 1, strlen(colon + 1));
}

bool http_is_place(const char *where)
{
    char host[PLACE_HOST_SIZE], port[PLACE_PORT_SIZE];

    return place_parse(where, host, port) == 0;
}

/* A visitor whose host has crashed never closes its connection. */
static int open_one(const struct addrinfo *address)
{
    static const struct keepalive patience = {.idle_s = 60, .interval_s = 15, .probes = 4};
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    keepalive_set(fd, &patience);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    descriptor_close(fd);
    return -1;
}

/* A name may have addresses that this machine lacks the family of. */
static int open_all(struct addrinfo *all, int *fds, size_t most)
{
    size_t count = 0;
    int missing = EADDRNOTAVAIL;
    uint16_t port = 0;

    for (struct addrinfo *address = all; address != NULL && count < most;
         address = address->ai_next) {
        if (port != 0)
            address_set_port(address->ai_addr, port);
        fds[count] = open_one(address);
        if (fds[count] >= 0) {
            port = address_bound_port(fds[count++]);
        } else if (address_is_missing(errno) || (count > 0 && errno == EADDRINUSE)) {
            missing = errno;
        } else {
            while (count > 0)
                descriptor_close(fds[--count]);
            return -1;
        }
    }
    errno = missing;
    return count > 0 ? (int)count : -1;
}

int place_open(const char *where, int *fds, size_t most, char error[HTTP_ERROR_SIZE])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char host[PLACE_HOST_SIZE], port[PLACE_PORT_SIZE];
    struct addrinfo *all;
    int count, failed;

    if (place_parse(where, host, port) != 0) {
        snprintf(error, HTTP_ERROR_SIZE, "'%.100s' is no ADDRESS:PORT, such as localhost:9751",
                 where);
        errno = EINVAL;
        return -1;
    }
    failed = name_look_up(strcmp(host, "*") == 0 ? NULL
                          : host[0] != '\0'      ? host
                                                 : "localhost",
                          port, &hints, &all);
    if (failed != 0) {
        snprintf(error, HTTP_ERROR_SIZE, "cannot resolve the host of %.100s: %s", where,
                 gai_strerror(failed));
        errno = EINVAL;
        return -1;
    }
    count = open_all(all, fds, most);
    freeaddrinfo(all);
    if (count < 0)
        snprintf(error, HTTP_ERROR_SIZE, "cannot listen for HTTP at %.100s: %s%s", where,
                 error_text(errno),
                 error_text_has_advice(errno) ? "" : "; choose another address or port");
    return count;
}
