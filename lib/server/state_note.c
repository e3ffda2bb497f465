/* What one pass of the loop changes, collected for the store.
 * Must not decide when it is written, but that a part is enough at a time. */
#include "state_note.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "limit.h"
#include "lock/pools.h"
#include "pass.h"

enum { HISTORY_ROW_BYTES = 100, REPEATED_MS = 60000 };

/* What others share is kept by steps of at most 4,000 changes and 1 MiB: what a pass changes beyond
 * this goes with another one.  Each is whole in itself, as the table makes one change after the
 * other. */
enum { SHARED_PART_BYTES = 256 * 1024 };

static bool is_kept(const struct ipclocker_server *server)
{
    const struct state *state = &server->state;

    return state->store != NULL && !state_note_is_down(server) && store_keeps(state->store);
}

void state_note_submit(struct ipclocker_server *server)
{
    struct state *state = &server->state;
    bool urgent;

    if (state->batch == NULL)
        return;
    urgent = store_batch_is_urgent(state->batch);
    if (store_keeps(state->store))
        state->submitted_bytes += store_batch_bytes(state->batch);
    state->submitted = store_commit(state->store, state->batch);
    server->counts.commits++;
    commit_times_begin(server, state->submitted);
    state->batch = NULL;
    if (urgent)
        state->urgent = state->submitted;
}

struct store_batch *state_note_batch(struct ipclocker_server *server)
{
    const struct state *state = &server->state;

    if (state->confirms && state->batch != NULL &&
        store_batch_bytes(state->batch) >= SHARED_PART_BYTES)
        state_note_submit(server);
    if (server->state.batch == NULL)
        server->state.batch = store_batch_create();
    if (server->state.batch == NULL)
        server->state.lost = true;
    pass_queue_end(server);
    return server->state.batch;
}

void state_note_confirm(struct ipclocker_server *server)
{
    struct store_batch *batch = is_kept(server) ? state_note_batch(server) : NULL;

    if (batch != NULL)
        store_batch_confirm(batch);
}

static bool ends(const struct lock_event *event)
{
    return event->kind == LOCK_EVENT_RELEASED || event->kind == LOCK_EVENT_LEFT;
}

static bool take_history(struct ipclocker_server *server, struct account *account, size_t bytes)
{
    if (account == NULL || account_take_history(account, HISTORY_ROW_BYTES + bytes))
        return true;
    limit_note(server, IPCLOCKER_LIMIT_CLIENT_HISTORY, account);
    return false;
}

/* What a client does is its own; what ends by itself is of who asked for it, if that is known. */
static bool may_add_history(struct ipclocker_server *server, const struct lock_request *request)
{
    return take_history(server, server->acting != NULL ? server->acting : request->payer,
                        strlen(request->owner));
}

void state_note_event(struct ipclocker_server *server, const struct lock_event *event)
{
    struct store_batch *batch;

    if (!is_kept(server) || (batch = state_note_batch(server)) == NULL)
        return;
    store_batch_leave_out_history(batch, ends(event) && !may_add_history(server, event->request));
    store_batch_event(batch, event, server->culprit);
}

void state_note_unusable(struct ipclocker_server *server, const struct store_unusable *what)
{
    struct store_batch *batch = is_kept(server) ? state_note_batch(server) : NULL;

    if (batch != NULL)
        store_batch_unusable(batch, what);
}

static void forget_refusal(struct noted_refusal *noted)
{
    free(noted->owner);
    free(noted->names);
    *noted = (struct noted_refusal){0};
}

static void add_refusal(struct ipclocker_server *server, const struct store_history *entry)
{
    struct store_batch *batch = is_kept(server) ? state_note_batch(server) : NULL;

    if (batch != NULL)
        store_batch_history(batch, entry);
}

/* How often it was repeated stands in a row of its own. */
static void end_refusal(struct ipclocker_server *server, struct noted_refusal *noted)
{
    const struct store_history entry = {
        .past = STORE_PAST_REFUSED,
        .owner = noted->owner,
        .lock = noted->names,
        .token = noted->repeated,
        .asked_ms = noted->at_ms,
        .ended_ms = context_now_ms(server),
    };

    if (noted->repeated > 0 && noted->owner != NULL && noted->names != NULL)
        add_refusal(server, &entry);
    forget_refusal(noted);
}

void state_note_end_refusals(struct ipclocker_server *server, bool all)
{
    int64_t now_ms = context_now_ms(server);

    for (size_t i = 0; i < REFUSALS_NOTED; i++) {
        struct noted_refusal *noted = &server->noted_refusals[i];

        if (noted->who != 0 && (all || now_ms - noted->at_ms >= REPEATED_MS))
            end_refusal(server, noted);
    }
}

/* Who asks for the same again and again is noted once a minute. */
static bool is_repeated(const struct conn *conn, const char *names, int64_t now_ms)
{
    struct ipclocker_server *server = conn->server;
    uint64_t who = siphash(&server->boot_key, conn->user, strlen(conn->user)) +
                   3 * siphash(&server->boot_key, names, strlen(names));
    struct noted_refusal *noted = &server->noted_refusals[who % REFUSALS_NOTED];

    if (noted->who == who && now_ms - noted->at_ms < REPEATED_MS) {
        /* The first has the room for the row that tells of all. */
        if (noted->repeated > 0 ||
            take_history(server, conn->account, strlen(conn->user) + strlen(names)))
            noted->repeated++;
        return true;
    }
    end_refusal(server, noted);
    *noted = (struct noted_refusal){
        .who = who, .at_ms = now_ms, .owner = strdup(conn->user), .names = strdup(names)};
    return false;
}

void state_note_refused(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    int64_t now_ms = context_now_ms(server);
    struct store_history entry = {
        .past = STORE_PAST_REFUSED,
        .owner = conn->user,
        .host = conn->says->hostname,
        .job = conn->says->job,
        .pid = conn->says->pid,
        .asker = conn->asker,
        .asked_ms = now_ms,
        .ended_ms = now_ms,
    };
    const struct pool_config *pool;
    char *names;

    if (!is_kept(server))
        return;
    names = lock_names_abridge(conn->demand.names, conn->demand.name_count, STORE_NAMES_MOST);
    if (names == NULL)
        return;
    entry.lock = names;
    pool = lock_table_pool_of(server->table, conn->demand.names[0]);
    entry.pool = pool != NULL ? pool->name : NULL;
    entry.project = pool_project(pool, conn->says->project);
    if (!is_repeated(conn, names, now_ms) && take_history(server, conn->account, strlen(names)))
        add_refusal(server, &entry);
    free(names);
}
