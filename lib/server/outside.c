/* One descriptor for all that a server's own loop waits for.
 * Must not handle what has come: running the loop does. */
#include "outside.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error_text.h"
#include "context.h"

/* libevent does not say when its next timer is due.  Ours go off every second, but for the time of
 * the next hold limit, which is known, and for accepting anew when descriptors were short. */
enum { TICK_MS = 1000, SHORT_TICK_MS = 50 };

void outside_init(struct ipclocker_server *server)
{
    server->outside.fd = -1;
    server->outside.timer_fd = -1;
}

void outside_fini(struct ipclocker_server *server)
{
    int saved_errno = errno;

    if (server->outside.timer_fd >= 0) {
        event_del(&server->outside.due);
        close(server->outside.timer_fd);
    }
    outside_init(server);
    errno = saved_errno;
}

static void on_due(evutil_socket_t fd, short events, void *context)
{
    uint64_t count;

    (void)events;
    (void)context;
    /* What is due was handled in this very pass, or will be in the next one. */
    if (read(fd, &count, sizeof count) < 0)
        return;
}

/* The descriptor of the epoll set that has another descriptor in it, as libevent puts it there; -1
 * when there is none.  Sets that have not refuse to change it, and so remain as they are. */
static int set_with(int member)
{
    struct epoll_event same = {.events = EPOLLIN, .data.fd = member};
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    for (int fd = 0; (rlim_t)fd < limit.rlim_cur; fd++) {
        if (fd != member && epoll_ctl(fd, EPOLL_CTL_MOD, member, &same) == 0)
            return fd;
    }
    return -1;
}

/* libevent keeps the descriptor of its set to itself. */
static int find_set(struct ipclocker_server *server)
{
    if (strcmp(event_base_get_method(server->base), "epoll") == 0)
        server->outside.fd = set_with(server->outside.timer_fd);
    if (server->outside.fd >= 0)
        return 0;
    errno = ENOTSUP;
    return context_fail(server, "libevent waits by %s, which has no descriptor; it has to be epoll",
                        event_base_get_method(server->base));
}

static int add_timer(struct ipclocker_server *server)
{
    struct outside *outside = &server->outside;

    outside->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (outside->timer_fd < 0)
        return context_fail(server, "no timer can be had: %s", error_text(errno));
    event_assign(&outside->due, server->base, outside->timer_fd, EV_READ | EV_PERSIST, on_due,
                 server);
    if (event_add(&outside->due, NULL) == 0)
        return 0;
    errno = ENOMEM;
    return context_fail(server, "the event loop does not take a timer");
}

int outside_fd(struct ipclocker_server *server)
{
    if (server->outside.fd >= 0)
        return server->outside.fd;
    if (add_timer(server) != 0 || find_set(server) != 0) {
        outside_fini(server);
        return -1;
    }
    outside_arm(server);
    return server->outside.fd;
}

static int64_t next_ms(const struct ipclocker_server *server)
{
    int64_t next = server->accept_paused ? SHORT_TICK_MS : TICK_MS, left;

    if (event_base_get_num_events(server->base, EVENT_BASE_COUNT_ACTIVE) > 0)
        return 0;
    if (server->armed_ms == INT64_MAX)
        return next;
    left = server->armed_ms - context_now_ms(server);
    return left < next ? left : next;
}

void outside_arm(struct ipclocker_server *server)
{
    struct itimerspec timer = {.it_value.tv_nsec = 1}; /* 0 would be never */
    int64_t next;

    if (server->outside.timer_fd < 0)
        return;
    next = next_ms(server);
    if (next > 0) {
        timer.it_value.tv_sec = next / 1000;
        timer.it_value.tv_nsec = next % 1000 * 1000000;
    }
    timerfd_settime(server->outside.timer_fd, 0, &timer, NULL);
}
