/* The listening side of a lifeline: sockets that share a port and accept nothing.
 * Must not share the port with another process. */
#include "peer_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/number.h"
#include "base/random.h"
#include "net/address.h"
#include "process/proc_file.h"

enum { ROOM = 65536, QUEUE_DEFAULT = 128 };

static int queue_length(void)
{
    char text[32];
    uint64_t length;

    if (proc_file_read("/proc/sys/net/core/somaxconn", text, sizeof text) <= 0)
        return QUEUE_DEFAULT;
    text[strcspn(text, "\n")] = '\0';
    return number_parse(text, INT32_MAX, &length) == 0 ? (int)length : QUEUE_DEFAULT;
}

static int bind_any(int fd, int family, uint16_t port)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};

    return family == AF_INET6 ? bind(fd, (struct sockaddr *)&any6, sizeof any6)
                              : bind(fd, (struct sockaddr *)&any4, sizeof any4);
}

/* IPv6 sockets that take IPv4 too; where the kernel has no IPv6, IPv4. */
static int open_socket(int *family)
{
    int fd = -1, off = 0;

    if (*family == AF_INET6)
        fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        return fd;
    }
    *family = AF_INET;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* From a random place on: programs that start together would else try the same ports. */
static int bind_in_range(int fd, int family, uint16_t low, uint16_t high)
{
    unsigned width = (unsigned)(high - low) + 1;
    uint64_t first = random_u64();

    for (unsigned i = 0; i < width; i++) {
        uint16_t port = (uint16_t)(low + (first + i) % width);

        if (bind_any(fd, family, port) == 0)
            return 0;
        if (errno != EADDRINUSE && errno != EACCES)
            return -1;
    }
    errno = EADDRINUSE;
    return -1;
}

/* The first socket takes the port for itself alone, and only then allows others beside it:
 * another process that does the same cannot come to share it. */
static int open_first(struct peer_port *port, int *family, uint16_t low, uint16_t high)
{
    int fd, on = 1;

    fd = open_socket(family);
    if (fd < 0)
        return -1;
    port->fds[port->count++] = fd;
    if (bind_in_range(fd, *family, low, high) != 0)
        return -1;
    port->port = address_bound_port(fd);
    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

/* False where there is no more to be had: those that there are will do. */
static bool open_next(struct peer_port *port, int family, int queue)
{
    int fd = open_socket(&family), on = 1;

    if (fd < 0)
        return false;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind_any(fd, family, port->port) != 0 || listen(fd, queue) != 0) {
        close(fd);
        return false;
    }
    port->fds[port->count++] = fd;
    return true;
}

int peer_port_listen(struct peer_port *port, uint16_t low, uint16_t high, int queue_max)
{
    int queue = queue_max > 0 ? queue_max : queue_length();
    int wanted = queue_max > 0 ? 1 : ROOM / (queue + 1) + 1;
    int family = AF_INET6;

    *port = (struct peer_port){0};
    if (open_first(port, &family, low, high) != 0 || listen(port->fds[0], queue) != 0) {
        peer_port_close(port);
        return -1;
    }
    while (port->count < wanted && port->count < PEER_PORT_SOCKETS_MAX &&
           open_next(port, family, queue))
        continue;
    return 0;
}

void peer_port_close(struct peer_port *port)
{
    while (port->count > 0)
        descriptor_close(port->fds[--port->count]);
}
