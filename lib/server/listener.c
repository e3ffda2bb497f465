/* Listening, and accepting.
 * Must not look at what a client says. */
#include "listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "allow.h"
#include "arrival.h"
#include "base/error_text.h"
#include "context.h"
#include "net/address.h"
#include "net/keepalive.h"
#include "pass.h"
#include "unix_socket.h"

enum {
    DEFER_ACCEPT_S = 1,
    ACCEPT_BATCH = 64,
    ACCEPT_PAUSE_MS = 100,
    LOG_EVERY_S = 60,
};

struct listener *listener_add(struct ipclocker_server *server, int fd)
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
    LIST_REMOVE(listener, all);
    if (listener->server->serving)
        event_del(&listener->readable);
    if (listener->path != NULL)
        unix_socket_close(listener);
    else
        close(listener->fd);
    free(listener->path);
    free(listener);
}

/* Accepted sockets inherit these, which saves system calls for each.  A client whose host has
 * crashed never closes its connection: only probes tell.  A connection is accepted when its first
 * bytes are there, so that it can be served at once, or when it has been silent for a while.
 */
void listener_set_up(int fd)
{
    static const struct keepalive patience = {.idle_s = 60, .interval_s = 15, .probes = 4};
    const int on = 1, defer_s = DEFER_ACCEPT_S;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    keepalive_set(fd, &patience);
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof defer_s);
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
        if (listener->fd >= 0)
            event_add(&listener->readable, NULL);
    }
}

static int assign(struct listener *listener)
{
    return event_assign(&listener->readable, listener->server->base, listener->fd,
                        EV_READ | EV_PERSIST, on_acceptable, listener);
}

int listener_start_all(struct ipclocker_server *server)
{
    bool is_shared = store_is_shared(server->state.path);
    struct listener *listener;

    evtimer_assign(&server->accept_again, server->base, on_accept_again, server);
    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (assign(listener) != 0 || (!is_shared && event_add(&listener->readable, NULL) != 0)) {
            errno = ENOMEM;
            return context_fail(server, "the event loop does not take a listening socket");
        }
    }
    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (is_shared && listener->path != NULL && unix_socket_check(listener) != 0)
            return -1;
    }
    allow_warn_of_strangers(server);
    return 0;
}

int listener_open_all(struct ipclocker_server *server)
{
    struct listener *listener;

    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (listener->path != NULL)
            continue;
        listener_set_up(listener->fd);
        if (listen(listener->fd, LISTENER_BACKLOG) != 0 ||
            event_add(&listener->readable, NULL) != 0) {
            context_fail(server, "cannot listen at port %u: %s", address_bound_port(listener->fd),
                         error_text(errno));
            listener_shut_all(server);
            return -1;
        }
    }
    return 0;
}

static int open_unix(struct listener *listener)
{
    if (unix_socket_open(listener) != 0)
        return -1;
    if (assign(listener) == 0 && event_add(&listener->readable, NULL) == 0)
        return 0;
    unix_socket_close(listener);
    errno = ENOMEM;
    return context_fail(listener->server, "the event loop does not take a listening socket");
}

int listener_open_unix(struct ipclocker_server *server)
{
    struct listener *listener;
    int result = 0;

    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (listener->path != NULL && listener->fd < 0 && open_unix(listener) != 0)
            result = -1;
    }
    return result;
}

/* Of a socket that does not listen, connections would be born shut. */
static void stop_listening(int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening)
        shutdown(fd, SHUT_RDWR);
}

/* The parent has the same sockets, so that closing them would change nothing. */
void listener_shut_all(struct ipclocker_server *server)
{
    struct listener *listener;

    LIST_FOREACH(listener, &server->listeners, all)
    {
        if (server->serving)
            event_del(&listener->readable);
        if (listener->path != NULL)
            unix_socket_close(listener);
        else
            stop_listening(listener->fd);
    }
    if (server->accept_paused)
        event_del(&server->accept_again);
    server->accept_paused = false;
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
