/* What one pass of the loop changes, collected for the store.
 * Must not decide when it is written. */
#include "state_note.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "pass.h"

static bool is_kept(const struct ipclocker_server *server)
{
    const struct state *state = &server->state;

    return state->store != NULL && !state_note_is_down(server) && store_keeps(state->store);
}

struct store_batch *state_note_batch(struct ipclocker_server *server)
{
    if (server->state.batch == NULL)
        server->state.batch = store_batch_create();
    if (server->state.batch == NULL)
        server->state.lost = true;
    pass_queue_end(server);
    return server->state.batch;
}

void state_note_event(struct ipclocker_server *server, const struct lock_event *event)
{
    struct store_batch *batch;

    if (!is_kept(server) || (batch = state_note_batch(server)) == NULL)
        return;
    store_batch_event(batch, event);
}

void state_note_refused(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    int64_t now_ms = context_now_ms(server);
    struct store_history entry = {
        .past = STORE_PAST_REFUSED,
        .owner = conn->user,
        .host = conn->hostname,
        .job = conn->job,
        .pid = conn->pid,
        .asked_ms = now_ms,
        .ended_ms = now_ms,
    };
    struct store_batch *batch;
    char *names;

    if (!is_kept(server) || (batch = state_note_batch(server)) == NULL)
        return;
    names = lock_names_join(conn->demand.names, conn->demand.name_count, ' ');
    if (names == NULL)
        return;
    entry.lock = names;
    store_batch_history(batch, &entry);
    free(names);
}

uint64_t state_note_mark(const struct ipclocker_server *server)
{
    const struct state *state = &server->state;

    /* All that there is to tell has been read from the disk; a probe keeps nobody waiting. */
    if (state_note_is_down(server))
        return state->committed;
    if (state->batch != NULL && store_batch_is_urgent(state->batch))
        return state->submitted + 1;
    return state->urgent;
}
