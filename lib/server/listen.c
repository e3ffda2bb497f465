/* Where the server listens: addresses, ports, UNIX sockets, and sockets that it was given.
 * Must not accept anything. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "context.h"
#include "listener.h"
#include "net/address.h"
#include "net/name.h"
#include "net/port.h"

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

/* The kernel would take clients for one that stands by. */
static int refuse_shared(struct ipclocker_server *server, const char *what)
{
    errno = EINVAL;
    return context_fail(server,
                        "%s cannot be used with a state in etcd, as it takes clients also while "
                        "another lockerd leads; name --host and --port",
                        what);
}

enum path_state { PATH_FREE, PATH_STALE, PATH_SERVED, PATH_OTHER, PATH_ERROR };

static enum path_state look_at_path(const struct sockaddr_un *address)
{
    struct stat st;
    enum path_state state;
    int fd;

    if (lstat(address->sun_path, &st) != 0)
        return errno == ENOENT ? PATH_FREE : PATH_ERROR;
    if (!S_ISSOCK(st.st_mode))
        return PATH_OTHER;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return PATH_ERROR;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
        state = PATH_SERVED;
    else
        state = errno == ECONNREFUSED ? PATH_STALE : PATH_ERROR;
    close(fd);
    return state;
}

static int refuse_path(struct ipclocker_server *server, const char *path, enum path_state state)
{
    if (state == PATH_SERVED) {
        errno = EADDRINUSE;
        return context_fail(
            server, "a server answers at the socket %s already; stop it or choose another", path);
    }
    if (state == PATH_OTHER) {
        errno = EEXIST;
        return context_fail(server, "%s exists and is no socket; choose another path", path);
    }
    return context_fail(server, "cannot use the socket %s: %s", path, error_text(errno));
}

static int open_unix(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        chmod(address->sun_path, 0666) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    descriptor_close(fd);
    return -1;
}

int ipclocker_server_listen_unix(struct ipclocker_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct listener *listener;
    enum path_state state;
    struct stat st;
    int fd;

    if (is_shared(server))
        return refuse_shared(server, "a UNIX socket");
    if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return context_fail(server, "a socket's path has 1 to %zu bytes, not '%s'",
                            sizeof address.sun_path - 1, path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    state = look_at_path(&address);
    if (state != PATH_FREE && state != PATH_STALE)
        return refuse_path(server, path, state);
    if (state == PATH_STALE)
        unlink(path);
    fd = open_unix(&address);
    if (fd < 0)
        return context_fail(server, "cannot listen at the socket %s: %s; choose another path", path,
                            error_text(errno));
    listener = listener_add(server, fd);
    if (listener == NULL || (listener->path = strdup(path)) == NULL || stat(path, &st) != 0) {
        if (listener != NULL)
            listener_destroy(listener);
        else
            close(fd);
        return context_fail(server, "no memory for a listening socket");
    }
    listener->device = st.st_dev;
    listener->inode = st.st_ino;
    return 0;
}

int ipclocker_server_listen_fd(struct ipclocker_server *server, int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;

    if (is_shared(server))
        return refuse_shared(server, "a socket that systemd has opened");
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
