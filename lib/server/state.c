/* The lock server and its store: what changes is kept, what was kept comes back, and what cannot
 * be kept does not happen.
 * Must not let a client see what a crash could undo. */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "boot_watch.h"
#include "claim.h"
#include "cluster.h"
#include "conn.h"
#include "conn_output.h"
#include "context.h"
#include "death_report.h"
#include "history.h"
#include "leading.h"
#include "pass.h"
#include "payer.h"
#include "replicated.h"
#include "state_note.h"
#include "state_outage.h"
#include "state_restore.h"
#include "store/file.h"
#include "timeline.h"
#include "unfinished.h"

static const struct timeval one_second = {.tv_sec = 1};

/* None is under way: what was committed before shows nothing. */
#define NO_PROBE UINT64_MAX

static void on_news(evutil_socket_t fd, short events, void *context);

/* What nobody waits for has waited long enough. */
static void on_lazy(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    state_note_submit(context);
}

static void release_output(struct ipclocker_server *server)
{
    struct conn *conn, *next;

    for (conn = TAILQ_FIRST(&server->holding); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, in_holding);
        conn_output_release(conn);
    }
}

static void stop_store(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    struct conn *conn;

    if (state->store == NULL)
        return;
    if (state->watching)
        event_del(&state->news);
    state->watching = false;
    store_batch_destroy(state->batch);
    state->batch = NULL;
    evtimer_del(&state->lazy);
    TAILQ_FOREACH(conn, &server->conns, all)
    {
        history_forget(conn);
    }
    history_end_looks(server);
    if (!store_close(state->store))
        context_log(
            server, LOG_ERR,
            "%s %s does not answer: gone on without the last changes, of which nobody was told",
            state->confirms ? "etcd, which has the state" : "the disk of the state", state->path);
    state->store = NULL;
    state->confirms = false;
    state->submitted = 0;
    state->committed = 0;
    state->urgent = 0;
    server->commit_times = (struct commit_times){0};
}

/* What had not been written is forgotten. */
static int load(struct ipclocker_server *server, char error[STORE_ERROR_SIZE])
{
    server->state.submitted_bytes = 0;
    server->state.committed_bytes = 0;
    return state_restore_load(server, error);
}

static int open_store(struct ipclocker_server *server, bool must_exist,
                      char error[STORE_ERROR_SIZE])
{
    struct state *state = &server->state;
    char listens[sizeof server->own_hostname + sizeof ":65535"];
    struct store_options options;

    snprintf(listens, sizeof listens, "%s:%u", server->own_hostname, ipclocker_server_port(server));
    ipclocker_server_store_options(server, &options);
    options.must_exist = must_exist;
    options.etcd.listens = listens;
    state->store = store_open(&options, error);
    if (state->store == NULL)
        return -1;
    state->etcd.accepts_older = false; /* was said of what there is, not of what may come */
    state->confirms = store_confirms(state->store);
    if (state->confirms || load(server, error) == 0)
        return 0;
    store_close(state->store);
    state->store = NULL;
    return -1;
}

static int watch_store(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    int fd = store_fd(state->store);

    if (fd < 0 || state->watching)
        return 0;
    event_assign(&state->news, server->base, fd, EV_READ | EV_PERSIST, on_news, server);
    if (event_add(&state->news, NULL) != 0)
        return -1;
    state->watching = true;
    return 0;
}

static void stay_down(struct ipclocker_server *server, const char *reason)
{
    state_outage_report(server, reason);
    evtimer_add(&server->state.again, &one_second);
}

/* Of a state that is shared: what cannot be read here, another version may understand. */
static void stay_without(struct ipclocker_server *server, const char *reason)
{
    if (errno == EUCLEAN || errno == ENOTSUP) {
        context_log(server, LOG_ERR, "the state %s cannot be taken over: %s", server->state.path,
                    reason);
        store_resign(server->state.store);
    }
    stay_down(server, reason);
}

/* Reads what there is, by a new connection if the old one cannot any more, and writes to it to see
 * whether that is possible: on_news() hears.
 */
static void try_again(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    char error[STORE_ERROR_SIZE];

    if (state->store != NULL && load(server, error) != 0) {
        if (state->confirms) {
            stay_without(server, error);
            return;
        }
        stop_store(server);
    }
    if (state->store == NULL && open_store(server, true, error) != 0) {
        stay_down(server, error);
        return;
    }
    /* What others may have changed cannot be told before it is confirmed. */
    state_outage_enter(server, state->confirms ? STATE_LOST : STATE_READ_ONLY);
    state->batch = store_batch_create();
    if (state->batch == NULL || watch_store(server) != 0) {
        stay_down(server, "out of memory");
        return;
    }
    store_batch_host(state->batch, state->host_now);
    if (timeline_note_all(server) != 0) {
        stay_down(server, "out of memory");
        return;
    }
    store_batch_probe(state->batch);
    state_note_submit(server);
    state->probe = state->submitted;
    evtimer_del(&state->again);
}

static void on_again(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    try_again(context);
}

static void tell_onlookers(const struct ipclocker_server *server, bool lost)
{
    if (server->on_safe != NULL)
        server->on_safe(server->on_safe_context, lost);
}

/* As if the server had ended here: what was not safe has not happened. */
static void take_back_all(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    struct conn *conn, *next;

    commit_times_fail(server);
    store_batch_destroy(state->batch);
    state->batch = NULL;
    evtimer_del(&state->lazy);
    claim_destroy_all(server);
    death_report_forget_ending(server);
    boot_watch_stop_all(server);
    payer_forget_requests(server);
    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, all);
        history_forget(conn);
        unfinished_leave(conn);
        conn_take_back(conn, &state->refusal);
    }
    tell_onlookers(server, true);
}

static void go_down(struct ipclocker_server *server, const char *reason)
{
    server->state.probe = NO_PROBE;
    state_outage_enter(server, STATE_LOST);
    stay_down(server, reason);
    take_back_all(server);
    try_again(server);
}

/* Another server leads, or may: the table is its. */
static void stand_by(struct ipclocker_server *server, const char *reason)
{
    leading_stand_by(server);
    server->state.probe = NO_PROBE;
    evtimer_del(&server->state.again);
    state_outage_stand_by(server, reason);
    take_back_all(server);
    state_restore_forget(server);
}

static void take_over(struct ipclocker_server *server)
{
    server->state.probe = NO_PROBE;
    state_outage_stand_by(server, "it is being read from etcd");
    state_outage_enter(server, STATE_LOST);
    timeline_start(server);
    ipclocker_server_set_cluster(server, store_cluster(server->state.store));
    try_again(server);
}

/* What it says of how it stands is also for who asks by HTTP. */
static void log_standing(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    struct store_line line;

    while (store_standing(state->store, &line)) {
        context_log(server, line.is_trouble ? LOG_WARNING : LOG_NOTICE, "%s", line.text);
        if (!line.is_beside && state->phase == STATE_STANDS_BY)
            snprintf(state->reason, sizeof state->reason, "%.*s", (int)sizeof state->reason - 1,
                     line.text);
    }
}

/* Of a state that is shared.  Returns whether the rest of the progress is of interest. */
static bool follow_role(struct ipclocker_server *server, const struct store_progress *progress)
{
    struct state *state = &server->state;

    log_standing(server);
    if (progress->role == STORE_DEPOSED)
        stand_by(server, "another lockerd may lead");
    else if (progress->role == STORE_LEADS && state->phase == STATE_STANDS_BY)
        take_over(server);
    else if (progress->failed && state_note_is_down(server) &&
             !evtimer_pending(&state->again, NULL))
        stay_down(server, progress->error);
    else
        return progress->role == STORE_LEADS && !(progress->failed && state_note_is_down(server));
    return false;
}

static void come_up(struct ipclocker_server *server)
{
    struct state *state = &server->state;

    state_outage_enter(server, STATE_SERVING);
    state->logged = false;
    evtimer_del(&state->again);
    if (state->confirms)
        context_log(server, LOG_NOTICE, "serving: %zu locks are held and %zu requests wait",
                    lock_table_held_count(server->table), lock_table_waiter_count(server->table));
    else
        context_log(server, LOG_NOTICE, "the state %s can be written again", state->path);
    state_restore_take_up(server);
    if (state->confirms)
        leading_serve(server);
}

static void on_news(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct state *state = &server->state;
    struct store_progress progress;

    (void)fd;
    (void)events;
    store_progress(state->store, &progress);
    /* It may have been confirmed before another led. */
    if (progress.role == STORE_DEPOSED && progress.committed > state->committed) {
        state->committed = progress.committed;
        release_output(server);
    }
    if (state->confirms && !follow_role(server, &progress)) {
        history_take_answers(server); /* of a file of its own */
        return;
    }
    if (progress.written_anew)
        context_log(server, LOG_WARNING,
                    "the state file %s was removed and is written anew, with all that was in it",
                    state->path);
    if (state->committed != progress.committed)
        state_outage_end_stall(server);
    state->committed = progress.committed;
    commit_times_end(server, progress.committed);
    state->committed_bytes = progress.committed_bytes;
    pass_queue_end(server); /* some may have waited for room */
    if (state_note_is_down(server) && progress.failed) {
        /* A file system that was repaired is mounted anew: the file is to be found by its name. */
        stop_store(server);
        stay_down(server, progress.error);
        return;
    }
    if (state_note_is_down(server) && progress.committed >= state->probe)
        come_up(server);
    release_output(server);
    history_take_answers(server);
    tell_onlookers(server, false);
    if (progress.failed)
        go_down(server, progress.error);
}

void state_end_pass(struct ipclocker_server *server)
{
    struct state *state = &server->state;

    if (state->lost) {
        state->lost = false;
        go_down(server, "out of memory");
    }
    if (state->batch == NULL) {
        if (server->commit_times.handovers > 0)
            commit_times_end_pass(server);
        return;
    }
    if (store_batch_is_urgent(state->batch))
        state_note_submit(server);
    else if (!evtimer_pending(&state->lazy, NULL))
        evtimer_add(&state->lazy, &one_second);
}

static int open_first(struct ipclocker_server *server, char error[STORE_ERROR_SIZE])
{
    const struct state *state = &server->state;
    char aside[4096];

    if (open_store(server, false, error) == 0)
        return 0;
    if (errno != EUCLEAN || !state->move_corrupt)
        return -1;
    if (store_file_move_aside(state->path, aside, sizeof aside, error) != 0)
        return -1;
    context_log(server, LOG_WARNING, "the state file was damaged: moved to %s; no lock is held now",
                aside);
    if (open_store(server, false, error) != 0)
        return -1;
    state_restore_begin_above_the_past(server);
    return 0;
}

static int start_standing_by(struct ipclocker_server *server)
{
    if (watch_store(server) != 0) {
        stop_store(server);
        errno = ENOMEM;
        return context_fail(server, "out of memory");
    }
    state_outage_stand_by(server, "it stands by, and nobody has led yet");
    leading_start(server);
    return 0;
}

int state_start(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    char error[STORE_ERROR_SIZE];
    struct store_batch *batch;

    evtimer_assign(&state->again, server->base, on_again, server);
    evtimer_assign(&state->lazy, server->base, on_lazy, server);
    state_outage_enter(server, STATE_SERVING);
    state->logged = false;
    if (state->path == NULL) {
        state_restore_begin_without_memory(server);
        return 0;
    }
    state->least_token = 0;
    boot_describe(state->host_now);
    if (open_first(server, error) != 0)
        return context_fail(server, "%s", error);
    if (state->confirms)
        return start_standing_by(server);
    batch = state_note_batch(server);
    if (batch == NULL || watch_store(server) != 0) {
        stop_store(server);
        errno = ENOMEM;
        return context_fail(server, "out of memory");
    }
    store_batch_host(batch, state->host_now);
    (void)timeline_note_all(server); /* the end of the pass hears of it */
    context_log(server, LOG_INFO, "%zu locks are held and %zu requests wait, as %s has it",
                lock_table_held_count(server->table), lock_table_waiter_count(server->table),
                state->path);
    state_restore_take_up(server);
    return 0;
}

void state_stop(struct ipclocker_server *server)
{
    struct state *state = &server->state;

    leading_stop(server);
    state_note_end_refusals(server, true);
    if (state->store != NULL && !state_note_is_down(server)) {
        timeline_note_now(server);
        state_note_submit(server);
    }
    stop_store(server);
    evtimer_del(&state->again);
}

void state_fini(struct state *state)
{
    free(state->path);
    state->path = NULL;
}
