/* What one pass of the loop changes, collected for the store.
 * Must not decide when it is written. */
#include "state_note.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "pass.h"

static bool is_kept(const struct ipclocker_server *server)
{
    const struct durable *durable = &server->durable;

    return durable->store != NULL && !state_is_down(server) && store_keeps(durable->store);
}

struct store_batch *durable_batch(struct ipclocker_server *server)
{
    if (server->durable.batch == NULL)
        server->durable.batch = store_batch_create();
    if (server->durable.batch == NULL)
        server->durable.lost = true;
    server_queue_pass_end(server);
    return server->durable.batch;
}

void durable_note(struct ipclocker_server *server, const struct lock_event *event)
{
    struct store_batch *batch;

    if (!is_kept(server) || (batch = durable_batch(server)) == NULL)
        return;
    store_batch_event(batch, event, server_now_ms(server));
}

void durable_note_refused(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    int64_t now_ms = server_now_ms(server);
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

    if (!is_kept(server) || (batch = durable_batch(server)) == NULL)
        return;
    names = lock_demand_join_names(&conn->demand);
    if (names == NULL)
        return;
    entry.lock = names;
    store_batch_history(batch, &entry);
    free(names);
}

uint64_t durable_mark(const struct ipclocker_server *server)
{
    const struct durable *durable = &server->durable;

    /* All that there is to tell has been read from the disk; a probe keeps nobody waiting. */
    if (state_is_down(server))
        return durable->committed;
    if (durable->batch != NULL && store_batch_is_urgent(durable->batch))
        return durable->submitted + 1;
    return durable->urgent;
}
