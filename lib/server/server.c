/* The lock server as a whole: its handle, its start, its loop and its stop.
 * Must not know the protocol. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth_conn.h"
#include "auth_grant.h"
#include "auth_login.h"
#include "auth_role.h"
#include "auth_worker.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "boot_watch.h"
#include "claim.h"
#include "command.h"
#include "conn.h"
#include "context.h"
#include "deadline.h"
#include "death_report.h"
#include "events.h"
#include "history.h"
#include "limit.h"
#include "listener.h"
#include "listing.h"
#include "membership.h"
#include "outside.h"
#include "owner_end.h"
#include "owner_watch.h"
#include "pass.h"
#include "payer.h"
#include "pools.h"
#include "rule_asker.h"
#include "server.h"
#include "silence.h"
#include "spare_conn.h"
#include "state.h"
#include "state_note.h"
#include "state_outage.h"
#include "timeline.h"
#include "turn.h"
#include "unfinished.h"
#include "unusable.h"

enum {
    LOOP_DESCRIPTORS = 3,   /* of a loop of libevent's: its set, and a pair for signals */
    SPARE_DESCRIPTORS = 64, /* left for sockets that listen, files and the watching of owners */
    DEFAULT_REQUEUE_GRACE_S = 60,
    DEFAULT_HISTORY_BYTES = 1 << 30,
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
    account_book_pay(&((struct ipclocker_server *)context)->accounts);
    context_end_quotas(context, false);
    limit_tell_rest(context, false);
    state_note_end_refusals(context, false);
    pools_take_up(context);
    unusable_expire(context);
    rule_asker_give_up(context);
    conn_sweep(context);
    spare_conn_trim(context);
}

static void let_go(struct conn *conn)
{
    /* The list says who is connected. */
    conn->server->table_changes += !LIST_EMPTY(&conn->links);
    unfinished_leave(conn);
    claim_leave_all(conn);
    history_forget(conn);
    auth_conn_forget(conn);
    listing_forget(conn);
    payer_forget(conn);
    rule_asker_forget(conn);
}

/* Whether the user of a connection has any of the locks that it named last. */
static bool holds(const struct conn *conn)
{
    for (size_t i = 0; conn->user != NULL && i < conn->demand.name_count; i++) {
        if (lock_table_find(conn->server->table, conn->user, conn->demand.names[i]) != NULL)
            return true;
    }
    return false;
}

/* Who holds or waits has a reason to be silent. */
static bool may_stay(const struct conn *conn)
{
    return conn->state != CONN_OPEN || conn->turn != TURN_NONE || !LIST_EMPTY(&conn->links) ||
           gated_output_len(&conn->out) > 0 || holds(conn);
}

static void on_login(struct ipclocker_server *server, uint32_t uid, const char *login)
{
    auth_login_note(server, uid, login);
    rule_asker_on_login(server, uid);
}

static void on_groups(struct ipclocker_server *server, struct auth_job *job)
{
    membership_note(server, job);
    rule_asker_on_groups(server, job->login);
}

static void end_pass(struct ipclocker_server *server)
{
    state_end_pass(server);
    deadline_arm(server);
    turn_end_pass(server);
    owner_end_end_pass(server);
    death_report_end_pass(server);
}

static const struct server_parts parts = {
    .run_line = command_run,
    .is_urgent = command_is_urgent,
    .let_go = let_go,
    .may_stay = may_stay,
    .on_login = on_login,
    .on_groups = on_groups,
    .say_more = listing_say_more,
    .handle_kept_lines = conn_handle_kept_lines,
    .finish_pass = conn_finish_pass,
    .give_turns = turn_give_some,
    .take_turn = conn_take_turn,
    .write_lists = listing_write_some,
    .end_pass = end_pass,
};

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
    command_index_init(&server->command_index);
    LIST_INIT(&server->listeners);
    LIST_INIT(&server->unusable);
    TAILQ_INIT(&server->conns);
    TAILQ_INIT(&server->dirty);
    TAILQ_INIT(&server->resumed);
    TAILQ_INIT(&server->idle);
    TAILQ_INIT(&server->draining);
    TAILQ_INIT(&server->holding);
    TAILQ_INIT(&server->unread);
    TAILQ_INIT(&server->cut);
    TAILQ_INIT(&server->stalled);
    TAILQ_INIT(&server->behind);
    TAILQ_INIT(&server->listings);
    TAILQ_INIT(&server->old_listings);
    owner_end_init(server);
    outside_init(server);
    auth_uids_init(&server->uids);
    owner_watch_init(server, descriptors_for_owners());
    silence_init(server);
    boot_watch_init(server);
    server->state.history_ms = DEFAULT_HISTORY_MS;
    server->state.history_bytes = DEFAULT_HISTORY_BYTES;
    server->state.requeue_grace_s = DEFAULT_REQUEUE_GRACE_S;
    limit_init(server);
    if (gethostname(server->own_hostname, sizeof server->own_hostname - 1) != 0)
        server->own_hostname[0] = '\0';
    server->table = lock_table_create(events_on_table, server);
    server->scratch = malloc(READ_CHUNK);
    server->log_quotas = log_quotas_create(context_log_left_out, server);
    server->roles = auth_roles_create();
    if (server->table == NULL || server->scratch == NULL || server->log_quotas == NULL ||
        server->roles == NULL || auth_worker_init(server, auth_conn_on_job) != 0) {
        ipclocker_server_destroy(server);
        errno = ENOMEM;
        return NULL;
    }
    return server;
}

void ipclocker_server_set_pidstat_port(struct ipclocker_server *server, int port)
{
    server->pidstat_port = port;
}

void ipclocker_server_set_classic_pidstatd(struct ipclocker_server *server, bool believed)
{
    server->no_classic_pidstatd = !believed;
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

static int fail_serving(struct ipclocker_server *server)
{
    errno = EALREADY;
    return context_fail(server, "the server serves already");
}

int ipclocker_server_set_auth(struct ipclocker_server *server, enum ipclocker_auth auth,
                              const char *munge_socket)
{
    char *copy = munge_socket != NULL ? strdup(munge_socket) : NULL;

    if (server->serving || (munge_socket != NULL && copy == NULL)) {
        free(copy);
        return fail_serving(server);
    }
    free(server->munge_socket);
    server->munge_socket = copy;
    server->auth = auth;
    return 0;
}

int ipclocker_server_add_role(struct ipclocker_server *server, enum ipclocker_role role,
                              const char *who)
{
    if (server->serving)
        return fail_serving(server);
    if (auth_roles_add(server->roles, role, who) == 0)
        return 0;
    return context_fail(server, "there is no %s '%s' on this machine",
                        who[0] == '@' ? "group" : "user", who + (who[0] == '@'));
}

void ipclocker_server_set_private(struct ipclocker_server *server, bool is_private)
{
    server->is_private = is_private;
}

static void assign_events(struct ipclocker_server *server)
{
    pass_start(server);
    turn_start(server);
    listing_start(server);
    pools_start(server);
    deadline_start(server);
    owner_end_start(server);
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

    if (server->serving)
        return fail_serving(server);
    if (LIST_EMPTY(&server->listeners)) {
        errno = EINVAL;
        return context_fail(server, "the server listens nowhere");
    }
    if (take_base(server, base) != 0)
        return -1;
    timeline_start(server);
    assign_events(server);
    if (auth_conn_start(server) != 0 || state_start(server) != 0) {
        auth_worker_stop(server);
        death_report_stop(server);
        owner_end_stop(server);
        pass_stop(server);
        return -1;
    }
    pools_take_up(server);
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
    death_report_stop(server);
    listener_stop_all(server);
    auth_worker_stop(server);
    turn_stop(server);
    listing_stop(server);
    pools_stop(server);
    pass_stop(server);
    event_del(&server->sweep);
    deadline_stop(server);
    owner_end_stop(server);
    outside_fini(server);
    context_end_quotas(server, true);
    limit_tell_rest(server, true);
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
    boot_watch_stop_all(server);
    owner_end_fini(server);
    owner_watch_fini(server);
    silence_fini(server);
    auth_worker_fini(server);
    auth_login_fini(server);
    auth_grant_note_all(server, NULL);
    auth_roles_release(server->roles);
    pools_forget_next(server); /* of which the table has prepared things */
    lock_table_destroy(server->table);
    pools_fini(server);
    unusable_forget(&server->unusable);
    while (!LIST_EMPTY(&server->listeners))
        listener_destroy(LIST_FIRST(&server->listeners));
    if (server->owns_base)
        event_base_free(server->base);
    cidr_list_fini(&server->allow.list);
    spare_conn_forget(server);
    free(server->scratch);
    free(server->log_quotas);
    free(server->munge_socket);
    account_book_fini(&server->accounts);
    state_fini(&server->state);
    free(server);
    errno = saved_errno;
}
