/* What one pass of the server's loop has changed, copied out of the lock table.
 * Must not write anything anywhere. */
#include "batch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/watched_memory.h"
#include "lock/pools.h"
#include "lock/request_demand.h"

/* Memory for operations, which come together and go together. */
struct store_chunk {
    struct store_chunk *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

/* A pass of one client needs little, one of many clients much: each is twice the one before, so
 * that what is not used is less than what is. */
enum { FIRST_CHUNK = 1000, LAST_CHUNK = 16000 };

struct store_batch *store_batch_create(void)
{
    struct store_batch *batch = calloc(1, sizeof *batch);

    if (batch != NULL)
        STAILQ_INIT(&batch->ops);
    return batch;
}

void store_batch_destroy(struct store_batch *batch)
{
    int saved_errno = errno;
    struct store_chunk *chunk;

    if (batch == NULL)
        return;
    while ((chunk = batch->chunks) != NULL) {
        batch->chunks = chunk->next;
        free(chunk);
    }
    free(batch);
    errno = saved_errno;
}

void store_batch_destroy_all(struct store_batch_queue *queue)
{
    struct store_batch *batch;

    while ((batch = STAILQ_FIRST(queue)) != NULL) {
        STAILQ_REMOVE_HEAD(queue, next);
        store_batch_destroy(batch);
    }
}

bool store_batch_is_urgent(const struct store_batch *batch)
{
    return batch->urgent;
}

size_t store_batch_bytes(const struct store_batch *batch)
{
    return batch->bytes;
}

bool store_batch_is_empty(const struct store_batch *batch)
{
    return !batch->urgent && !batch->failed && STAILQ_EMPTY(&batch->ops);
}

static struct store_chunk *add_chunk(struct store_batch *batch, size_t needed)
{
    size_t usual = batch->chunks == NULL ? FIRST_CHUNK : 2 * batch->chunks->size;
    size_t size = usual < LAST_CHUNK ? usual : LAST_CHUNK;
    struct store_chunk *chunk;

    if (size < needed || MEMORY_IS_WATCHED)
        size = needed;
    chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct store_chunk){.next = batch->chunks, .size = size};
    batch->chunks = chunk;
    return chunk;
}

/* Lives as long as the batch.  NULL when there is no memory. */
static void *take_memory(struct store_batch *batch, size_t size)
{
    const size_t unit = MEMORY_IS_WATCHED ? 1 : _Alignof(max_align_t);
    size_t needed = (size + unit - 1) / unit * unit;
    struct store_chunk *chunk = batch->chunks;
    void *memory;

    if (chunk == NULL || chunk->size - chunk->used < needed)
        chunk = add_chunk(batch, needed);
    if (chunk == NULL)
        return NULL;
    memory = chunk->bytes + chunk->used;
    chunk->used += needed;
    return memory;
}

/* Adds an operation with room for its text; NULL when there is no memory. */
static struct store_op *add_op(struct store_batch *batch, enum store_op_kind kind, size_t text_size)
{
    struct store_op *op = take_memory(batch, sizeof *op + text_size);

    batch->urgent |= kind != STORE_OP_HISTORY && kind != STORE_OP_CLOCK;
    batch->bytes += sizeof *op + text_size;
    batch->changes += kind == STORE_OP_PUT || kind == STORE_OP_DROP;
    if (op == NULL) {
        batch->failed = true;
        return NULL;
    }
    op->kind = kind;
    STAILQ_INSERT_TAIL(&batch->ops, op, next);
    return op;
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* Appends a copy at *end; NULL stays NULL. */
static const char *add_text(char **end, const char *text)
{
    char *copy = *end;

    if (text == NULL)
        return NULL;
    *end = stpcpy(copy, text) + 1;
    return copy;
}

void store_batch_put(struct store_batch *batch, const struct lock_table *table,
                     const struct lock_request *request, const char *without)
{
    const struct lock_claimant *process = request->process;
    struct store_op *op =
        add_op(batch, STORE_OP_PUT,
               text_size(request->owner) + text_size(process->host) + text_size(process->boot) +
                   text_size(process->job) + text_size(process->user) +
                   text_size(process->project) + lock_demand_text_size(request));
    char *end;

    if (op == NULL)
        return;
    end = op->text;
    op->request = (struct store_request){
        .ticket = request->ticket,
        .token = request->token,
        .owner = add_text(&end, request->owner),
        .host = add_text(&end, process->host),
        .boot = add_text(&end, process->boot),
        .job = add_text(&end, process->job),
        .login = add_text(&end, process->user),
        .project = add_text(&end, process->project),
        .priority = process->priority,
        .lost_after_s = process->lost_after_s,
        .pid = process->pid,
        .start = process->start,
        .pid_namespace = process->pid_namespace,
        .is_found = process->is_found,
        .asker = request->asker,
        .autounlock = request->autounlock,
        .away = request->away,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
        .hold_ms = request->hold_ms,
        .deadline_ms = request->deadline_ms,
    };
    lock_table_keep(table, request, &op->request.keep);
    op->request.demand = end;
    lock_demand_format(end, request, without);
    store_batch_counters(batch, request->ticket + 1, request->token + 1);
}

void store_batch_drop(struct store_batch *batch, uint64_t ticket)
{
    struct store_op *op = add_op(batch, STORE_OP_DROP, 0);

    if (op != NULL)
        op->ticket = ticket;
}

void store_batch_host(struct store_batch *batch, const char *host)
{
    struct store_op *op = add_op(batch, STORE_OP_HOST, text_size(host));

    char *end;

    if (op == NULL)
        return;
    end = op->text;
    op->host = add_text(&end, host);
}

void store_batch_clock(struct store_batch *batch, const struct store_clock *clock)
{
    struct store_op *op = add_op(batch, STORE_OP_CLOCK, 0);

    if (op != NULL)
        op->clock = *clock;
}

void store_batch_unusable(struct store_batch *batch, const struct store_unusable *unusable)
{
    struct store_op *op =
        add_op(batch, STORE_OP_UNUSABLE, text_size(unusable->name) + text_size(unusable->reason));
    char *end;

    if (op == NULL)
        return;
    end = op->text;
    op->unusable = *unusable;
    op->unusable.name = add_text(&end, unusable->name);
    op->unusable.reason = add_text(&end, unusable->reason);
}

void store_batch_probe(struct store_batch *batch)
{
    add_op(batch, STORE_OP_PROBE, 0);
}

void store_batch_confirm(struct store_batch *batch)
{
    batch->urgent = true;
}

void store_batch_counters(struct store_batch *batch, uint64_t ticket, uint64_t token)
{
    batch->urgent = true;
    if (batch->next_ticket < ticket)
        batch->next_ticket = ticket;
    if (batch->next_token < token)
        batch->next_token = token;
}

void store_batch_history(struct store_batch *batch, const struct store_history *entry)
{
    struct store_op *op =
        add_op(batch, STORE_OP_HISTORY,
               text_size(entry->lock) + text_size(entry->owner) + text_size(entry->host) +
                   text_size(entry->job) + text_size(entry->by_name) + text_size(entry->pool) +
                   text_size(entry->project));
    char *end;

    if (op == NULL)
        return;
    end = op->text;
    op->history = *entry;
    op->history.lock = add_text(&end, entry->lock);
    op->history.owner = add_text(&end, entry->owner);
    op->history.host = add_text(&end, entry->host);
    op->history.job = add_text(&end, entry->job);
    op->history.by_name = add_text(&end, entry->by_name);
    op->history.pool = add_text(&end, entry->pool);
    op->history.project = add_text(&end, entry->project);
}

/* Whether the lock of an event, which its request has still, was shared. */
static bool was_shared(const struct lock_event *event)
{
    const struct lock_request *request = event->request;

    for (uint32_t i = 0; request->shares && i < request->seat_count; i++) {
        if (event->name != NULL && lock_seat_name(&request->seats[i]) == event->name)
            return request->seats[i].is_shared;
    }
    return false;
}

static void add_past(struct store_batch *batch, const struct lock_event *event,
                     const struct pool_config *pool, enum store_past past, const char *lock,
                     const struct store_culprit *by)
{
    const struct lock_request *request = event->request;
    struct store_history entry = {
        .past = past,
        .reason = event->reason,
        .lock = lock,
        .owner = request->owner,
        .host = request->process->host,
        .job = request->process->job,
        .pool = pool != NULL ? pool->name : NULL,
        .project = pool_project(pool, request->process->project),
        .shared = was_shared(event),
        .pid = request->process->pid,
        .asker = request->asker,
        .ticket = request->ticket,
        .token = request->token,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
        .ended_ms = event->at_ms,
    };

    if (by != NULL) {
        entry.by_name = by->name;
        entry.by = *by->asker;
    }
    if (!batch->leaves_out_history)
        store_batch_history(batch, &entry);
}

void store_batch_leave_out_history(struct store_batch *batch, bool leave_out)
{
    batch->leaves_out_history = leave_out;
}

static void add_left(struct store_batch *batch, const struct lock_event *event,
                     const struct store_culprit *by)
{
    struct lock_demand demand = {0};
    char *names = NULL;

    if (lock_demand_of_request(&demand, event->request) == 0)
        names = lock_names_abridge(demand.names, demand.name_count, STORE_NAMES_MOST);
    if (names != NULL)
        add_past(batch, event, lock_request_pool(event->request), STORE_PAST_LEFT, names, by);
    else
        batch->failed = true;
    free(names);
    lock_demand_fini(&demand);
}

void store_batch_event(struct store_batch *batch, const struct lock_event *event,
                       const struct store_culprit *by)
{
    const struct lock_request *request = event->request;

    switch (event->kind) {
    case LOCK_EVENT_QUEUED:
    case LOCK_EVENT_GRANTED:
    case LOCK_EVENT_RENEWED:
    case LOCK_EVENT_AWAY:
    case LOCK_EVENT_KEPT:
        store_batch_put(batch, event->table, request, NULL);
        break;
    case LOCK_EVENT_RELEASED:
        if (request->state == LOCK_ENDED)
            store_batch_drop(batch, request->ticket);
        else
            store_batch_put(batch, event->table, request, event->name);
        add_past(batch, event, event->pool, STORE_PAST_HOLD, event->name, by);
        break;
    case LOCK_EVENT_LEFT:
        store_batch_drop(batch, request->ticket);
        add_left(batch, event, by);
        break;
    }
}
