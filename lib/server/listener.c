/* Listening sockets, and accepting from them.
 * Must not look at what a client says. */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "allow.h"
#include "arrival.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "context.h"
#include "net/address.h"
#include "net/keepalive.h"
#include "net/name.h"
#include "net/port.h"
#include "pass.h"

enum {
    BACKLOG = 4096,
    DEFER_ACCEPT_S = 1,
    ACCEPT_BATCH = 64,
    ACCEPT_PAUSE_MS = 100,
    LOG_EVERY_S = 60,
};

static struct listener *add_listener(struct ipclocker_server *server, int fd)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL) {
        context_fail(server, "no memory for a listening socket");
        return NULL;
    }
    listener->server = server;
    listener->fd = fd;
    LIST_INSERT_HEAD(&server->listeners, listener, all);
    return listener;
}

void listener_destroy(struct listener *listener)
{
    struct stat st;

    LIST_REMOVE(listener, all);
    if (listener->server->serving)
        event_del(&listener->readable);
    close(listener->fd);
    if (listener->path != NULL && stat(listener->path, &st) == 0 && st.st_dev == listener->device &&
        st.st_ino == listener->inode)
        unlink(listener->path);
    free(listener->path);
    free(listener);
}

static void set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
}

/* Accepted sockets inherit these, which saves system calls for each.  A client whose host has
 * crashed never closes its connection: only probes tell.  A connection is accepted when its first
 * bytes are there, so that it can be served at once, or when it has been silent for a while.
 */
static void set_for_connections(int fd)
{
    static const struct keepalive patience = {.idle_s = 60, .interval_s = 15, .probes = 4};
    const int on = 1, defer_s = DEFER_ACCEPT_S;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    keepalive_set(fd, &patience);
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof defer_s);
}

/* Returns a listening socket, or -1 with errno. */
static int open_tcp(const struct addrinfo *address)
{
    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    set_for_connections(fd);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    descriptor_close(fd);
    return -1;
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

static int listen_at_all(struct ipclocker_server *server, const struct addrinfo *all,
                         const char *host, uint16_t port)
{
    size_t opened = 0;
    int last_errno = EADDRNOTAVAIL;

    for (const struct addrinfo *address = all; address != NULL; address = address->ai_next) {
        int fd;

        set_port(address->ai_addr, port);
        if (is_repeated(all, address))
            continue;
        fd = open_tcp(address);
        if (fd < 0 && address_is_missing(errno)) {
            last_errno = errno;
            continue;
        }
        if (fd < 0)
            return context_fail(server, "cannot listen at %s port %u: %s%s", host, port,
                                error_text(errno), advice_for(errno));
        if (add_listener(server, fd) == NULL) {
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
        chmod(address->sun_path, 0666) == 0 && listen(fd, BACKLOG) == 0)
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
    listener = add_listener(server, fd);
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

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
        return context_fail(server, "descriptor %d is no socket: %s", fd, error_text(errno));
    if (!listening) {
        errno = EINVAL;
        return context_fail(server, "descriptor %d is not a listening socket", fd);
    }
    if (evutil_make_socket_nonblocking(fd) != 0 || evutil_make_socket_closeonexec(fd) != 0)
        return context_fail(server, "cannot use descriptor %d: %s", fd, error_text(errno));
    return add_listener(server, fd) != NULL ? 0 : -1;
}

static void log_shortage(struct ipclocker_server *server)
{
    time_t now_s = context_monotonic_s();

    if (server->last_shortage_s != 0 && now_s - server->last_shortage_s < LOG_EVERY_S)
        return;
    server->last_shortage_s = now_s;
    context_log(server, LOG_WARNING,
                "out of descriptors; new connections have to wait (%zu connections)",
                server->conn_count);
}

/* Without descriptors a pending connection stays pending: look again when some may be back. */
static void pause_accepting(struct ipclocker_server *server)
{
    const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000L};
    struct listener *listener;

    log_shortage(server);
    LIST_FOREACH(listener, &server->listeners, all)
    {
        event_del(&listener->readable);
    }
    server->accept_paused = true;
    event_add(&server->accept_again, &pause);
}

static void accept_some(struct ipclocker_server *server, int listening_fd)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage storage;
        } address;
        socklen_t len = sizeof address;
        int fd;

        /* No more than that: this is run once more for each connection, to hear of no other. */
        address.any.sa_family = AF_UNSPEC;
        fd = accept4(listening_fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            arrival_take(server, fd, &address.any);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            pause_accepting(server);
        if (fd < 0)
            return;
    }
}

static void on_acceptable(evutil_socket_t listening_fd, short events, void *context)
{
    struct ipclocker_server *server = ((struct listener *)context)->server;

    (void)events;
    pass_begin_short(server);
    accept_some(server, listening_fd);
    pass_end_short(server);
}

static void on_accept_again(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct listener *listener;

    (void)fd;
    (void)events;
    server->accept_paused = false;
    LIST_FOREACH(listener, &server->listeners, all)
    {
        event_add(&listener->readable, NULL);
    }
}

int listener_start_all(struct ipclocker_server *server)
{
    struct listener *listener;

    evtimer_assign(&server->accept_again, server->base, on_accept_again, server);
    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (event_assign(&listener->readable, server->base, listener->fd, EV_READ | EV_PERSIST,
                         on_acceptable, listener) != 0 ||
            event_add(&listener->readable, NULL) != 0) {
            errno = ENOMEM;
            return context_fail(server, "the event loop does not take a listening socket");
        }
    }
    allow_warn_of_strangers(server);
    return 0;
}

void listener_stop_all(struct ipclocker_server *server)
{
    struct listener *listener;

    LIST_FOREACH(listener, &server->listeners, all)
    {
        event_del(&listener->readable);
    }
    evtimer_del(&server->accept_again);
}

static bool is_beyond_loopback(const struct listener *listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage storage;
    } own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof own;

    if (getsockname(listener->fd, &own.any, &len) != 0)
        return false;
    if (own.any.sa_family == AF_INET)
        return ntohl(own.v4.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
    return own.any.sa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&own.v6.sin6_addr);
}

bool listener_is_exposed(const struct ipclocker_server *server)
{
    const struct listener *listener;

    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (is_beyond_loopback(listener))
            return true;
    }
    return false;
}
