/* The lock server as a whole: its handle, its start, its loop and its stop.
 * Must not know the protocol. */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "claim.h"
#include "command.h"
#include "conn.h"
#include "context.h"
#include "deadline.h"
#include "events.h"
#include "history.h"
#include "listener.h"
#include "outside.h"
#include "owner_watch.h"
#include "pass.h"
#include "server.h"
#include "state.h"
#include "state_outage.h"
#include "timeline.h"

enum {
    LOOP_DESCRIPTORS = 3,   /* of a loop of libevent's: its set, and a pair for signals */
    SPARE_DESCRIPTORS = 64, /* left for sockets that listen, files and the watching of owners */
    DEFAULT_WAITERS = 200000,
    DEFAULT_LOCKS = 1000000,
    DEFAULT_IDLE_S = 60,
    DEFAULT_REQUEUE_GRACE_S = 60,
};

static const int64_t DEFAULT_HISTORY_MS = INT64_C(90) * 24 * 3600 * 1000;

const char *ipclocker_server_error(const struct ipclocker_server *server)
{
    return server->error;
}

static void on_sweep(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    state_outage_watch(context);
    timeline_note_sometimes(context);
    deadline_check(context);
    conn_sweep(context);
}

static void let_go(struct conn *conn)
{
    claim_leave_all(conn);
    history_forget(conn);
}

static void end_pass(struct ipclocker_server *server)
{
    state_end_pass(server);
    deadline_arm(server);
}

static const struct server_parts parts = {
    .run_line = command_run,
    .is_urgent = command_is_urgent,
    .let_go = let_go,
    .handle_kept_lines = conn_handle_kept_lines,
    .finish_pass = conn_finish_pass,
    .end_pass = end_pass,
};

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
    server->parts = &parts;
    LIST_INIT(&server->listeners);
    TAILQ_INIT(&server->conns);
    TAILQ_INIT(&server->dirty);
    TAILQ_INIT(&server->resumed);
    TAILQ_INIT(&server->idle);
    TAILQ_INIT(&server->draining);
    TAILQ_INIT(&server->holding);
    outside_init(server);
    owner_watch_init(server, descriptors_for_owners());
    server->state.history_ms = DEFAULT_HISTORY_MS;
    server->state.requeue_grace_s = DEFAULT_REQUEUE_GRACE_S;
    server->limits[IPCLOCKER_LIMIT_CONNECTIONS] = default_connections();
    server->limits[IPCLOCKER_LIMIT_WAITERS] = DEFAULT_WAITERS;
    server->limits[IPCLOCKER_LIMIT_LOCKS] = DEFAULT_LOCKS;
    server->limits[IPCLOCKER_LIMIT_IDLE_S] = DEFAULT_IDLE_S;
    if (gethostname(server->own_hostname, sizeof server->own_hostname - 1) != 0)
        server->own_hostname[0] = '\0';
    server->table = lock_table_create(events_on_table, server);
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
    if (limit < IPCLOCKER_LIMITS)
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
    pass_start(server);
    deadline_start(server);
    event_assign(&server->sweep, server->base, -1, EV_PERSIST, on_sweep, server);
}

/* The environment has no say: a descriptor for other loops needs epoll, without a list of changes.
 * Without descriptors libevent would end the process.
 */
static struct event_base *own_base(void)
{
    struct event_config *config =
        descriptor_spare(LOOP_DESCRIPTORS) == 0 ? event_config_new() : NULL;
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

/* A loop of its own is kept over a stop, which may come from inside it. */
static int take_base(struct ipclocker_server *server, struct event_base *base)
{
    if (base == NULL && server->owns_base)
        return 0;
    if (server->owns_base)
        event_base_free(server->base);
    server->owns_base = base == NULL;
    server->base = base != NULL ? base : own_base();
    if (server->base != NULL)
        return 0;
    server->owns_base = false;
    if (errno != EMFILE && errno != ENFILE)
        errno = ENOMEM;
    return context_fail(server, "no event loop can be had: %s", error_text(errno));
}

int ipclocker_server_start(struct ipclocker_server *server, struct event_base *base)
{
    const struct timeval sweep_interval = {.tv_sec = 1};

    if (server->serving) {
        errno = EALREADY;
        return context_fail(server, "the server serves already");
    }
    if (LIST_EMPTY(&server->listeners)) {
        errno = EINVAL;
        return context_fail(server, "the server listens nowhere");
    }
    if (take_base(server, base) != 0)
        return -1;
    timeline_start(server);
    assign_events(server);
    if (state_start(server) != 0) {
        pass_stop(server);
        return -1;
    }
    server->serving = true;
    server->stopped = false;
    if (listener_start_all(server) != 0 || event_add(&server->sweep, &sweep_interval) != 0) {
        ipclocker_server_stop(server);
        return -1;
    }
    return 0;
}

static int need_own_loop(struct ipclocker_server *server)
{
    if (server->serving && server->owns_base)
        return 0;
    errno = EINVAL;
    return context_fail(server, "the server has no loop of its own to run");
}

static int run_once(struct ipclocker_server *server, int timeout_ms)
{
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                                    .tv_usec = timeout_ms % 1000 * 1000L};

    if (timeout_ms <= 0)
        return event_base_loop(server->base, EVLOOP_NONBLOCK);
    event_base_loopexit(server->base, &timeout);
    return event_base_loop(server->base, EVLOOP_ONCE);
}

int ipclocker_server_process(struct ipclocker_server *server, int timeout_ms)
{
    int result;

    if (need_own_loop(server) != 0)
        return -1;
    result = run_once(server, timeout_ms);
    outside_arm(server);
    return result < 0 ? -1 : 0;
}

int ipclocker_server_fd(struct ipclocker_server *server)
{
    return need_own_loop(server) == 0 ? outside_fd(server) : -1;
}

int ipclocker_server_run(struct ipclocker_server *server)
{
    if (!server->serving && ipclocker_server_start(server, NULL) != 0)
        return -1;
    if (!server->owns_base) {
        errno = EINVAL;
        return context_fail(server, "the server runs in its caller's loop");
    }
    while (!server->stopped) {
        if (event_base_loop(server->base, EVLOOP_ONCE) < 0)
            return context_fail(server, "the event loop failed");
    }
    return 0;
}

void ipclocker_server_stop(struct ipclocker_server *server)
{
    if (!server->serving)
        return;
    /* Waiters keep their places over a restart, though their connections end now. */
    state_stop(server);
    while (!TAILQ_EMPTY(&server->conns))
        conn_destroy(TAILQ_FIRST(&server->conns));
    listener_stop_all(server);
    pass_stop(server);
    event_del(&server->sweep);
    deadline_stop(server);
    outside_fini(server);
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
    state_fini(&server->state);
    free(server);
    errno = saved_errno;
}
