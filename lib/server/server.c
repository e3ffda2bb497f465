/* The lock server: start, loop, time, and what the lock table's events set off.
 * Must not know the protocol. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "owner_watch.h"
#include "private.h"

enum {
    SPARE_DESCRIPTORS = 64, /* left for sockets that listen, files and the watching of owners */
    DEFAULT_WAITERS = 200000,
    DEFAULT_LOCKS = 1000000,
    DEFAULT_IDLE_S = 60,
    DEFAULT_REQUEUE_GRACE_S = 60,
};

static const int64_t DEFAULT_HISTORY_MS = INT64_C(90) * 24 * 3600 * 1000;

int64_t server_now_ms(const struct ipclocker_server *server)
{
    return server->wall_base_ms + clock_ms(CLOCK_BOOTTIME) - server->monotonic_base_ms;
}

time_t server_monotonic_s(void)
{
    return (time_t)(clock_ms(CLOCK_MONOTONIC_COARSE) / 1000);
}

void server_log(const struct ipclocker_server *server, int priority, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (server->log == NULL || (priority == LOG_DEBUG && !server->debug))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    server->log(server->log_context, priority, text);
}

int server_fail(struct ipclocker_server *server, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    vsnprintf(server->error, sizeof server->error, format, args);
    va_end(args);
    errno = saved_errno;
    return -1;
}

const char *ipclocker_server_error(const struct ipclocker_server *server)
{
    return server->error;
}

static void log_end(const struct ipclocker_server *server, const struct lock_event *event)
{
    if (event->reason == LOCK_REASON_HOLD_LIMIT)
        server_log(server, LOG_NOTICE, "%s was held by %s as long as it may; taken back",
                   event->name, event->request->owner);
}

void server_on_table_event(void *context, const struct lock_event *event)
{
    durable_note(context, event);
    switch (event->kind) {
    case LOCK_EVENT_GRANTED:
        claim_on_granted(event->request);
        break;
    case LOCK_EVENT_RELEASED:
        log_end(context, event);
        if (event->request->state == LOCK_ENDED)
            claim_on_ended(event->request, event->reason);
        break;
    case LOCK_EVENT_LEFT:
        claim_on_ended(event->request, event->reason);
        break;
    case LOCK_EVENT_QUEUED:
    case LOCK_EVENT_RENEWED:
        break;
    }
}

void server_arm_deadline(struct ipclocker_server *server)
{
    int64_t deadline_ms = lock_table_next_deadline(server->table);
    int64_t left_ms;
    struct timeval left;

    if (durable_refusal(server, true) != NULL)
        deadline_ms = INT64_MAX;
    if (deadline_ms == server->armed_ms)
        return;
    server->armed_ms = deadline_ms;
    if (deadline_ms == INT64_MAX) {
        evtimer_del(&server->deadline);
        return;
    }
    left_ms = deadline_ms - server_now_ms(server);
    if (left_ms < 0)
        left_ms = 0;
    left.tv_sec = left_ms / 1000;
    left.tv_usec = left_ms % 1000 * 1000;
    evtimer_add(&server->deadline, &left);
}

static void on_deadline(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    server->armed_ms = INT64_MAX;
    lock_table_expire(server->table, server_now_ms(server));
    server_arm_deadline(server);
}

void server_queue_pass_end(struct ipclocker_server *server)
{
    /* An event that is made active while others are handled is handled behind all of them. */
    if (!server->pass_end_queued)
        event_active(&server->pass_end, EV_TIMEOUT, 0);
    server->pass_end_queued = true;
}

void server_mark_dirty(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    if (!conn->dirty)
        TAILQ_INSERT_TAIL(&server->dirty, conn, in_dirty);
    conn->dirty = true;
    server_queue_pass_end(server);
}

void server_resume(struct conn *conn)
{
    if (!conn->resumed)
        TAILQ_INSERT_TAIL(&conn->server->resumed, conn, in_resumed);
    conn->resumed = true;
    server_mark_dirty(conn);
}

void server_run_resumed(struct ipclocker_server *server)
{
    struct conn *conn;

    /* A release among these lines adds to the list instead of starting anew, so that a chain of
     * waiters costs no stack. */
    if (server->running_resumed)
        return;
    server->running_resumed = true;
    while ((conn = TAILQ_FIRST(&server->resumed)) != NULL) {
        TAILQ_REMOVE(&server->resumed, conn, in_resumed);
        conn->resumed = false;
        if (!conn->handling)
            conn_handle_kept_lines(conn);
    }
    server->running_resumed = false;
}

static void on_pass_end(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct conn *conn;

    (void)fd;
    (void)events;
    server_run_resumed(server);
    while ((conn = TAILQ_FIRST(&server->dirty)) != NULL)
        conn_finish_pass(conn);
    server->pass_end_queued = false;
    durable_end_pass(server);
}

static void on_sweep(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    time_t now_s = server_monotonic_s();
    time_t idle_s = (time_t)server->limits[IPCLOCKER_LIMIT_IDLE_S];
    struct conn *conn;

    (void)fd;
    (void)events;
    durable_watch(server);
    while ((conn = TAILQ_FIRST(&server->draining)) != NULL && now_s - conn->since_s >= LINGER_S)
        conn_destroy(conn);
    while ((conn = TAILQ_FIRST(&server->idle)) != NULL && now_s - conn->since_s >= idle_s) {
        TAILQ_REMOVE(&server->idle, conn, in_timed);
        conn->timed = false;
        conn_refuse(conn, "no command came in time; connect again");
    }
}

static size_t default_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 2UL * SPARE_DESCRIPTORS)
        return SPARE_DESCRIPTORS;
    return (limit.rlim_cur - SPARE_DESCRIPTORS) / 4 * 3;
}

/* The quarter that connections leave: owners' processes must not keep clients out. */
static size_t descriptors_for_owners(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 4 : SPARE_DESCRIPTORS;
}

struct ipclocker_server *ipclocker_server_create(void)
{
    struct ipclocker_server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return NULL;
    LIST_INIT(&server->listeners);
    TAILQ_INIT(&server->conns);
    TAILQ_INIT(&server->dirty);
    TAILQ_INIT(&server->resumed);
    TAILQ_INIT(&server->idle);
    TAILQ_INIT(&server->draining);
    TAILQ_INIT(&server->holding);
    owner_watch_init(server, descriptors_for_owners());
    server->durable.history_ms = DEFAULT_HISTORY_MS;
    server->durable.requeue_grace_s = DEFAULT_REQUEUE_GRACE_S;
    server->limits[IPCLOCKER_LIMIT_CONNECTIONS] = default_connections();
    server->limits[IPCLOCKER_LIMIT_WAITERS] = DEFAULT_WAITERS;
    server->limits[IPCLOCKER_LIMIT_LOCKS] = DEFAULT_LOCKS;
    server->limits[IPCLOCKER_LIMIT_IDLE_S] = DEFAULT_IDLE_S;
    if (gethostname(server->own_hostname, sizeof server->own_hostname - 1) != 0)
        server->own_hostname[0] = '\0';
    server->table = lock_table_create(server_on_table_event, server);
    server->scratch = malloc(READ_CHUNK);
    if (server->table == NULL || server->scratch == NULL) {
        ipclocker_server_destroy(server);
        errno = ENOMEM;
        return NULL;
    }
    return server;
}

void ipclocker_server_set_limit(struct ipclocker_server *server, enum ipclocker_limit limit,
                                size_t value)
{
    server->limits[limit] = value;
}

void ipclocker_server_set_pidstat_port(struct ipclocker_server *server, int port)
{
    server->pidstat_port = port;
}

void ipclocker_server_set_log(struct ipclocker_server *server, ipclocker_log_fn *log, void *context)
{
    server->log = log;
    server->log_context = context;
}

void ipclocker_server_set_debug(struct ipclocker_server *server, bool debug)
{
    server->debug = debug;
}

static void assign_events(struct ipclocker_server *server)
{
    event_assign(&server->pass_end, server->base, -1, 0, on_pass_end, server);
    evtimer_assign(&server->deadline, server->base, on_deadline, server);
    server->armed_ms = INT64_MAX;
    evtimer_assign(&server->accept_again, server->base, listener_resume, server);
    event_assign(&server->sweep, server->base, -1, EV_PERSIST, on_sweep, server);
}

/* A loop of its own is kept over a stop, which may come from inside it. */
static int take_base(struct ipclocker_server *server, struct event_base *base)
{
    if (base == NULL && server->owns_base)
        return 0;
    if (server->owns_base)
        event_base_free(server->base);
    server->owns_base = base == NULL;
    server->base = base != NULL ? base : event_base_new();
    if (server->base != NULL)
        return 0;
    server->owns_base = false;
    errno = ENOMEM;
    return server_fail(server, "no event loop can be had");
}

int ipclocker_server_start(struct ipclocker_server *server, struct event_base *base)
{
    const struct timeval sweep_interval = {.tv_sec = 1};

    if (server->serving) {
        errno = EALREADY;
        return server_fail(server, "the server serves already");
    }
    if (LIST_EMPTY(&server->listeners)) {
        errno = EINVAL;
        return server_fail(server, "the server listens nowhere");
    }
    if (take_base(server, base) != 0)
        return -1;
    server->wall_base_ms = clock_wall_ms();
    server->monotonic_base_ms = clock_ms(CLOCK_BOOTTIME);
    assign_events(server);
    if (durable_start(server) != 0)
        return -1;
    server->serving = true;
    server->stopped = false;
    if (listener_start_all(server) != 0 || event_add(&server->sweep, &sweep_interval) != 0) {
        ipclocker_server_stop(server);
        return -1;
    }
    return 0;
}

int ipclocker_server_process(struct ipclocker_server *server, int timeout_ms)
{
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                                    .tv_usec = timeout_ms % 1000 * 1000L};

    if (!server->serving || !server->owns_base) {
        errno = EINVAL;
        return server_fail(server, "the server has no loop of its own to run");
    }
    if (timeout_ms <= 0)
        return event_base_loop(server->base, EVLOOP_NONBLOCK) < 0 ? -1 : 0;
    event_base_loopexit(server->base, &timeout);
    return event_base_loop(server->base, EVLOOP_ONCE) < 0 ? -1 : 0;
}

int ipclocker_server_run(struct ipclocker_server *server)
{
    if (!server->serving && ipclocker_server_start(server, NULL) != 0)
        return -1;
    if (!server->owns_base) {
        errno = EINVAL;
        return server_fail(server, "the server runs in its caller's loop");
    }
    while (!server->stopped) {
        if (event_base_loop(server->base, EVLOOP_ONCE) < 0)
            return server_fail(server, "the event loop failed");
    }
    return 0;
}

void ipclocker_server_stop(struct ipclocker_server *server)
{
    struct listener *listener;

    if (!server->serving)
        return;
    /* Waiters keep their places over a restart, though their connections end now. */
    durable_stop(server);
    while (!TAILQ_EMPTY(&server->conns))
        conn_destroy(TAILQ_FIRST(&server->conns));
    LIST_FOREACH(listener, &server->listeners, all)
    {
        event_del(&listener->readable);
    }
    event_del(&server->pass_end);
    event_del(&server->sweep);
    evtimer_del(&server->deadline);
    evtimer_del(&server->accept_again);
    server->pass_end_queued = false;
    server->serving = false;
    server->stopped = true;
    if (server->owns_base)
        event_base_loopbreak(server->base);
}

void ipclocker_server_destroy(struct ipclocker_server *server)
{
    int saved_errno = errno;

    if (server == NULL)
        return;
    ipclocker_server_stop(server);
    claim_destroy_all(server);
    owner_watch_fini(server);
    lock_table_destroy(server->table);
    while (!LIST_EMPTY(&server->listeners))
        listener_destroy(LIST_FIRST(&server->listeners));
    if (server->owns_base)
        event_base_free(server->base);
    free(server->scratch);
    durable_fini(&server->durable);
    free(server);
    errno = saved_errno;
}
