/* The lock server and its store: what changes is kept, what was kept comes back, and what cannot
 * be kept does not happen.
 * Must not let a client see what a crash could undo. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "claim.h"
#include "conn.h"
#include "context.h"
#include "history.h"
#include "state_note.h"
#include "state_outage.h"
#include "state_restore.h"
#include "store/file.h"

static const struct timeval one_second = {.tv_sec = 1};

static void on_news(evutil_socket_t fd, short events, void *context);

static void submit(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    bool urgent;

    if (durable->batch == NULL)
        return;
    urgent = store_batch_is_urgent(durable->batch);
    durable->submitted = store_commit(durable->store, durable->batch);
    durable->batch = NULL;
    if (urgent)
        durable->urgent = durable->submitted;
}

/* What nobody waits for has waited long enough. */
static void on_lazy(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    submit(context);
}

static void release_output(struct ipclocker_server *server)
{
    struct conn *conn, *next;

    for (conn = TAILQ_FIRST(&server->holding); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, in_holding);
        conn_release_output(conn);
    }
}

static void stop_store(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    struct conn *conn;

    if (durable->store == NULL)
        return;
    if (durable->watching)
        event_del(&durable->news);
    durable->watching = false;
    store_batch_destroy(durable->batch);
    durable->batch = NULL;
    evtimer_del(&durable->lazy);
    TAILQ_FOREACH(conn, &server->conns, all)
    {
        history_forget(conn);
    }
    if (!store_close(durable->store))
        server_log(server, LOG_ERR,
                   "the disk of the state %s does not answer: gone on without the last changes, of "
                   "which nobody was told",
                   durable->path);
    durable->store = NULL;
    durable->submitted = 0;
    durable->committed = 0;
    durable->urgent = 0;
}

static int open_store(struct ipclocker_server *server, bool must_exist,
                      char error[STORE_ERROR_SIZE])
{
    struct durable *durable = &server->durable;
    const struct store_options options = {
        .path = durable->path,
        .durability = durable->durability,
        .history_ms = durable->history_ms,
        .must_exist = must_exist,
    };

    durable->store = store_open(&options, error);
    if (durable->store == NULL)
        return -1;
    if (state_restore_load(server, error) == 0)
        return 0;
    store_close(durable->store);
    durable->store = NULL;
    return -1;
}

static int watch_store(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    int fd = store_fd(durable->store);

    if (fd < 0 || durable->watching)
        return 0;
    event_assign(&durable->news, server->base, fd, EV_READ | EV_PERSIST, on_news, server);
    if (event_add(&durable->news, NULL) != 0)
        return -1;
    durable->watching = true;
    return 0;
}

static void stay_down(struct ipclocker_server *server, const char *reason)
{
    durable_report(server, reason);
    evtimer_add(&server->durable.again, &one_second);
}

/* Reads what there is, by a new connection if the old one cannot any more, and writes to it to see
 * whether that is possible: on_news() hears.
 */
static void try_again(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    char error[STORE_ERROR_SIZE];

    if (durable->store != NULL && state_restore_load(server, error) != 0)
        stop_store(server);
    if (durable->store == NULL && open_store(server, true, error) != 0) {
        stay_down(server, error);
        return;
    }
    state_enter(server, STATE_READ_ONLY);
    durable->batch = store_batch_create();
    if (durable->batch == NULL || watch_store(server) != 0) {
        stay_down(server, "out of memory");
        return;
    }
    store_batch_host(durable->batch, durable->host_now);
    store_batch_probe(durable->batch);
    submit(server);
    durable->probe = durable->submitted;
    evtimer_del(&durable->again);
}

static void on_again(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    try_again(context);
}

/* As if the server had ended here and begun anew: what was not safe has not happened. */
static void go_down(struct ipclocker_server *server, const char *reason)
{
    struct durable *durable = &server->durable;
    struct conn *conn, *next;

    state_enter(server, STATE_LOST);
    store_batch_destroy(durable->batch);
    durable->batch = NULL;
    evtimer_del(&durable->lazy);
    stay_down(server, reason);
    claim_destroy_all(server);
    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, all);
        history_forget(conn);
        conn_take_back(conn, &durable->refusal);
    }
    try_again(server);
}

static void come_up(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;

    state_enter(server, STATE_SERVING);
    durable->logged = false;
    server_log(server, LOG_NOTICE, "the state %s can be written again", durable->path);
    state_restore_take_up(server);
}

static void on_news(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct durable *durable = &server->durable;
    struct store_progress progress;

    (void)fd;
    (void)events;
    store_progress(durable->store, &progress);
    if (progress.written_anew)
        server_log(server, LOG_WARNING,
                   "the state file %s was removed and is written anew, with all that was in it",
                   durable->path);
    if (durable->committed != progress.committed)
        durable_end_stall(server);
    durable->committed = progress.committed;
    if (state_is_down(server) && progress.failed) {
        /* A file system that was repaired is mounted anew: the file is to be found by its name. */
        stop_store(server);
        stay_down(server, progress.error);
        return;
    }
    if (state_is_down(server) && progress.committed >= durable->probe)
        come_up(server);
    release_output(server);
    history_take_answers(server);
    if (progress.failed)
        go_down(server, progress.error);
}

void durable_end_pass(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;

    if (durable->lost) {
        durable->lost = false;
        go_down(server, "out of memory");
    }
    if (durable->batch == NULL)
        return;
    if (store_batch_is_urgent(durable->batch))
        submit(server);
    else if (!evtimer_pending(&durable->lazy, NULL))
        evtimer_add(&durable->lazy, &one_second);
}

/* A server whose state was moved aside must not hand out tokens that are out there already: there
 * cannot have been a thousand grants a second since 1970.
 */
static void begin_above_the_past(struct ipclocker_server *server)
{
    uint64_t above = (uint64_t)server_now_ms(server);
    struct store_batch *batch = durable_batch(server);

    server->first_token = above;
    lock_table_set_counters(server->table, above, above);
    if (batch != NULL)
        store_batch_counters(batch, above, above);
}

static int open_first(struct ipclocker_server *server, char error[STORE_ERROR_SIZE])
{
    const struct durable *durable = &server->durable;
    char aside[4096];

    if (open_store(server, false, error) == 0)
        return 0;
    if (errno != EUCLEAN || !durable->move_corrupt)
        return -1;
    if (store_file_move_aside(durable->path, aside, sizeof aside, error) != 0)
        return -1;
    server_log(server, LOG_WARNING, "the state file was damaged: moved to %s; no lock is held now",
               aside);
    if (open_store(server, false, error) != 0)
        return -1;
    begin_above_the_past(server);
    return 0;
}

/* Tokens grow over restarts also where nothing is kept, as time does; and older ones are known to
 * come from before. */
static void begin_without_memory(struct ipclocker_server *server)
{
    if (server->first_token != 0)
        return;
    server->first_token = (uint64_t)server->wall_base_ms;
    lock_table_set_counters(server->table, 1, server->first_token);
}

int durable_start(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;
    char error[STORE_ERROR_SIZE];
    struct store_batch *batch;

    evtimer_assign(&durable->again, server->base, on_again, server);
    evtimer_assign(&durable->lazy, server->base, on_lazy, server);
    state_enter(server, STATE_SERVING);
    durable->logged = false;
    if (durable->path == NULL) {
        begin_without_memory(server);
        return 0;
    }
    durable->least_token = 0;
    machine_describe(durable->host_now);
    if (open_first(server, error) != 0)
        return server_fail(server, "%s", error);
    batch = durable_batch(server);
    if (batch == NULL || watch_store(server) != 0) {
        stop_store(server);
        errno = ENOMEM;
        return server_fail(server, "out of memory");
    }
    store_batch_host(batch, durable->host_now);
    server_log(server, LOG_INFO, "%zu locks are held and %zu requests wait, as %s has it",
               lock_table_held_count(server->table), lock_table_waiter_count(server->table),
               durable->path);
    state_restore_take_up(server);
    return 0;
}

void durable_stop(struct ipclocker_server *server)
{
    struct durable *durable = &server->durable;

    if (durable->store != NULL && !state_is_down(server))
        submit(server);
    stop_store(server);
    evtimer_del(&durable->again);
}

void durable_fini(struct durable *durable)
{
    free(durable->path);
    durable->path = NULL;
}

int ipclocker_server_set_state(struct ipclocker_server *server, const char *path,
                               enum ipclocker_durability durability)
{
    char *copy = NULL;

    if (server->serving) {
        errno = EALREADY;
        return server_fail(server, "the server serves already");
    }
    if (path != NULL && strcmp(path, "none") != 0 && (copy = strdup(path)) == NULL)
        return server_fail(server, "out of memory");
    free(server->durable.path);
    server->durable.path = copy;
    server->durable.durability =
        durability == IPCLOCKER_DURABLE_PROCESS ? STORE_DURABLE_PROCESS : STORE_DURABLE_POWER;
    return 0;
}

void ipclocker_server_set_history(struct ipclocker_server *server, uint64_t seconds)
{
    const uint64_t most = INT64_MAX / 2000;

    server->durable.history_ms = (int64_t)(seconds < most ? seconds : most) * 1000;
}

void ipclocker_server_set_requeue_grace(struct ipclocker_server *server, unsigned seconds)
{
    server->durable.requeue_grace_s = seconds;
}

void ipclocker_server_set_move_corrupt_state(struct ipclocker_server *server, bool move)
{
    server->durable.move_corrupt = move;
}
