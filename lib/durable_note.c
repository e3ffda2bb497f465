/* What one pass of the loop changes, collected for the store.
 * Must not decide when it is written. */
#include <stdlib.h>
#include <string.h>

#include "server_private.h"

static bool is_kept(const struct ipclocker_server *server)
{
    const struct durable *durable = &server->durable;

    return durable->store != NULL && !durable->down && store_keeps(durable->store);
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

static void note_hold(struct ipclocker_server *server, struct store_batch *batch,
                      const struct lock_event *event)
{
    const struct lock_request *request = event->request;
    const struct store_history entry = {
        .past = STORE_PAST_HOLD,
        .reason = event->reason,
        .lock = event->name,
        .owner = request->owner,
        .host = request->host,
        .job = request->job,
        .pid = request->pid,
        .ticket = request->ticket,
        .token = request->token,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
        .ended_ms = server_now_ms(server),
    };

    store_batch_history(batch, &entry);
}

/* The names of a request that gets none of them, separated by blanks. */
static char *join_names(const char *(*name_at)(const void *of, size_t i), const void *of,
                        size_t count)
{
    struct buffer names = {0};
    char *copy;

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add(&names, " ", 1);
        buffer_add_text(&names, name_at(of, i));
    }
    buffer_add(&names, "", 1);
    copy = names.failed ? NULL : strdup(names.data);
    buffer_fini(&names);
    return copy;
}

static const char *seat_name_at(const void *request, size_t i)
{
    return lock_seat_name(&((const struct lock_request *)request)->seats[i]);
}

static const char *wish_name_at(const void *wish, size_t i)
{
    return ((const struct wish *)wish)->names[i];
}

static void note_left(struct ipclocker_server *server, struct store_batch *batch,
                      const struct lock_event *event)
{
    const struct lock_request *request = event->request;
    char *names = join_names(seat_name_at, request, request->seat_count);
    const struct store_history entry = {
        .past = STORE_PAST_LEFT,
        .reason = event->reason,
        .lock = names,
        .owner = request->owner,
        .host = request->host,
        .job = request->job,
        .pid = request->pid,
        .ticket = request->ticket,
        .asked_ms = request->asked_ms,
        .ended_ms = server_now_ms(server),
    };

    if (names != NULL)
        store_batch_history(batch, &entry);
    free(names);
}

void durable_note(struct ipclocker_server *server, const struct lock_event *event)
{
    struct store_batch *batch;

    if (!is_kept(server) || (batch = durable_batch(server)) == NULL)
        return;
    switch (event->kind) {
    case LOCK_EVENT_QUEUED:
    case LOCK_EVENT_GRANTED:
    case LOCK_EVENT_RENEWED:
        store_batch_put(batch, event->request, NULL);
        break;
    case LOCK_EVENT_RELEASED:
        if (event->request->state == LOCK_ENDED)
            store_batch_drop(batch, event->request->ticket);
        else
            store_batch_put(batch, event->request, event->name);
        note_hold(server, batch, event);
        break;
    case LOCK_EVENT_LEFT:
        store_batch_drop(batch, event->request->ticket);
        note_left(server, batch, event);
        break;
    }
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
    names = join_names(wish_name_at, &conn->wish, conn->wish.name_count);
    entry.lock = names;
    if (names != NULL)
        store_batch_history(batch, &entry);
    free(names);
}

uint64_t durable_mark(const struct ipclocker_server *server)
{
    const struct durable *durable = &server->durable;

    /* All that there is to tell has been read from the disk; a probe keeps nobody waiting. */
    if (durable->down)
        return durable->committed;
    if (durable->batch != NULL && store_batch_is_urgent(durable->batch))
        return durable->submitted + 1;
    return durable->submitted;
}

bool durable_is_safe(const struct ipclocker_server *server, uint64_t mark)
{
    return mark <= server->durable.committed;
}
