/* Where the server listens: addresses, ports, UNIX sockets, and sockets that it was given.
 * Must not accept anything. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "context.h"
#include "listener.h"
#include "net/address.h"
#include "net/name.h"
#include "net/port.h"
#include "unix_socket.h"

static bool is_shared(const struct ipclocker_server *server)
{
    return store_is_shared(server->state.path);
}

/* Returns a socket that listens, or else may, or -1 with errno. */
static int open_tcp(const struct addrinfo *address, bool listens)
{
    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    listener_set_up(fd);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        (!listens || listen(fd, LISTENER_BACKLOG) == 0))
        return fd;
    descriptor_close(fd);
    return -1;
}

/* One that is not to listen yet.  A port that the kernel has chosen goes with the end of listening;
 * one that was named stays. */
static int open_silent(struct addrinfo *address)
{
    int fd = open_tcp(address, false), again;
    uint16_t port = fd >= 0 ? address_bound_port(fd) : 0;

    if (port == 0)
        return fd;
    address_set_port(address->ai_addr, port);
    again = open_tcp(address, false);
    descriptor_close(fd);
    return again;
}

/* A name may resolve to one address twice, through several files and services. */
static bool is_repeated(const struct addrinfo *all, const struct addrinfo *address)
{
    for (; all != address; all = all->ai_next) {
        if (all->ai_addrlen == address->ai_addrlen &&
            memcmp(all->ai_addr, address->ai_addr, all->ai_addrlen) == 0)
            return true;
    }
    return false;
}

static const char *advice_for(int error)
{
    if (error == EADDRINUSE)
        return "; stop the server that has it, or choose another port";
    if (error == EACCES)
        return "; choose a port above 1023";
    return error_text_has_advice(error) ? "" : "; choose another host or port";
}

static int listen_at_all(struct ipclocker_server *server, struct addrinfo *all, const char *host,
                         uint16_t port)
{
    size_t opened = 0;
    int last_errno = EADDRNOTAVAIL;

    for (struct addrinfo *address = all; address != NULL; address = address->ai_next) {
        int fd;

        address_set_port(address->ai_addr, port);
        if (is_repeated(all, address))
            continue;
        fd = is_shared(server) && port == 0 ? open_silent(address)
                                            : open_tcp(address, !is_shared(server));
        if (fd < 0 && address_is_missing(errno)) {
            last_errno = errno;
            continue;
        }
        if (fd < 0)
            return context_fail(server, "cannot listen at %s port %u: %s%s", host, port,
                                error_text(errno), advice_for(errno));
        if (listener_add(server, fd) == NULL) {
            descriptor_close(fd);
            return -1;
        }
        if (port == 0)
            port = address_bound_port(fd);
        opened++;
    }
    if (opened > 0)
        return 0;
    errno = last_errno;
    return context_fail(server, "cannot listen at %s: %s; name an address of this machine", host,
                        error_text(errno));
}

int ipclocker_server_listen(struct ipclocker_server *server, const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all;
    uint16_t number = 0;
    int error, result;

    if (port == NULL)
        number = port_default("lockerd", "tcp", PORT_LOCKERD);
    else if (strcmp(port, "0") != 0 && port_parse(port, "tcp", &number) != 0)
        return context_fail(server, "port '%s' is neither a number from 1 to 65535 nor a service",
                            port);
    error = name_look_up(strcmp(host, "*") == 0 ? NULL : host, "0", &hints, &all);
    if (error != 0) {
        errno = EINVAL;
        return context_fail(server, "cannot resolve the host '%s': %s", host, gai_strerror(error));
    }
    result = listen_at_all(server, all, host, number);
    freeaddrinfo(all);
    return result;
}

uint16_t ipclocker_server_port(const struct ipclocker_server *server)
{
    const struct listener *listener;
    uint16_t port = 0;

    /* The list has the last one first. */
    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (address_bound_port(listener->fd) != 0)
            port = address_bound_port(listener->fd);
    }
    return port;
}

int ipclocker_server_listen_unix(struct ipclocker_server *server, const char *path)
{
    struct listener *listener;
    int saved_errno;

    if (!unix_socket_is_path(path)) {
        errno = ENAMETOOLONG;
        return context_fail(server, "a socket's path has 1 to %zu bytes, not '%s'",
                            UNIX_SOCKET_PATH_MOST, path);
    }
    listener = listener_add(server, -1);
    if (listener == NULL)
        return -1;
    listener->path = strdup(path);
    if (listener->path == NULL)
        context_fail(server, "no memory for a listening socket");
    else if (is_shared(server) || unix_socket_open(listener) == 0)
        return 0;
    saved_errno = errno;
    listener_destroy(listener);
    errno = saved_errno;
    return -1;
}

int ipclocker_server_listen_fd(struct ipclocker_server *server, int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;

    /* The kernel would take clients for one that stands by. */
    if (is_shared(server)) {
        errno = EINVAL;
        return context_fail(server,
                            "a socket that systemd has opened cannot be used with a state in etcd, "
                            "as it takes clients also while another lockerd leads; name --host, "
                            "--port or --path");
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return context_fail(server, "descriptor %d is no socket: %s", fd, error_text(errno));
    if (!listening) {
        errno = EINVAL;
        return context_fail(server, "descriptor %d is not a listening socket", fd);
    }
    if (evutil_make_socket_nonblocking(fd) != 0 || evutil_make_socket_closeonexec(fd) != 0)
        return context_fail(server, "cannot use descriptor %d: %s", fd, error_text(errno));
    return listener_add(server, fd) != NULL ? 0 : -1;
}
