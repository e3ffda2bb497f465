/* The durable state in memory.
 * Must not share code with an engine. */
#include "store_model.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/keep.h"
#include "lock/request_demand.h"

void store_model_fini(struct store_model *model)
{
    for (size_t i = 0; i < model->count; i++)
        free(model->puts[i]);
    free(model->puts);
    *model = (struct store_model){0};
}

static void drop(struct store_model *model, uint64_t ticket)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->puts[i]->request.ticket != ticket)
            continue;
        free(model->puts[i]);
        model->puts[i] = model->puts[--model->count];
        return;
    }
}

/* It lives on without its batch.  The demand is behind all other texts. */
static struct store_op *copy_of(const struct store_op *op)
{
    size_t size = (size_t)(op->request.demand + strlen(op->request.demand) + 1 - (const char *)op);
    struct store_op *copy = malloc(size);
    const char **texts[] = {&copy->request.owner, &copy->request.host,  &copy->request.boot,
                            &copy->request.job,   &copy->request.login, &copy->request.project,
                            &copy->request.demand};

    assert_non_null(copy);
    memcpy(copy, op, size);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (*texts[i] != NULL)
            *texts[i] = (const char *)copy + (*texts[i] - (const char *)op);
    }
    return copy;
}

static void put(struct store_model *model, const struct store_op *op)
{
    drop(model, op->request.ticket);
    if (model->count == model->size) {
        model->size = model->size * 2 + 16;
        model->puts = realloc(model->puts, model->size * sizeof(struct store_op *));
        assert_non_null(model->puts);
    }
    model->puts[model->count++] = copy_of(op);
}

void store_model_apply(struct store_model *model, struct store_batch *batch)
{
    const struct store_op *op;

    assert_false(batch->failed);
    STAILQ_FOREACH(op, &batch->ops, next)
    {
        model->history += op->kind == STORE_OP_HISTORY;
        if (op->kind == STORE_OP_PUT)
            put(model, op);
        if (op->kind == STORE_OP_DROP)
            drop(model, op->ticket);
    }
    if (model->next_ticket < batch->next_ticket)
        model->next_ticket = batch->next_ticket;
    if (model->next_token < batch->next_token)
        model->next_token = batch->next_token;
    store_batch_destroy(batch);
}

static int compare_puts(const void *a, const void *b)
{
    const struct store_request *left = &(*(struct store_op *const *)a)->request;
    const struct store_request *right = &(*(struct store_op *const *)b)->request;

    if ((left->token == 0) != (right->token == 0))
        return left->token == 0 ? 1 : -1;
    return (left->ticket > right->ticket) - (left->ticket < right->ticket);
}

static void restore_one(struct lock_table *table, const struct store_request *request)
{
    struct lock_demand demand;
    struct lock_record record = {
        .ask = {.owner = request->owner,
                .host = request->host,
                .boot = request->boot,
                .job = request->job,
                .pid = request->pid,
                .start = request->start,
                .pid_namespace = request->pid_namespace,
                .autounlock = request->autounlock,
                .until_boot = request->keep.until_boot,
                .keep_ms = request->keep.keep_ms,
                .hold_ms = request->hold_ms},
        .ticket = request->ticket,
        .token = request->token,
        .asked_ms = request->asked_ms,
        .granted_ms = request->granted_ms,
        .deadline_ms = request->deadline_ms,
        .keep_until_ms = request->keep.until_ms,
        .away = request->away,
    };

    assert_int_equal(lock_demand_parse(&demand, request->demand), 0);
    record.ask.groups = demand.groups;
    record.ask.group_count = demand.group_count;
    assert_non_null(lock_table_restore(table, &record));
    lock_demand_fini(&demand);
}

struct lock_table *store_model_restore(const struct store_model *model, lock_event_fn *on_event,
                                       void *context)
{
    struct lock_table *table = lock_table_create(on_event, context);

    assert_non_null(table);
    if (model->count > 1)
        qsort(model->puts, model->count, sizeof(struct store_op *), compare_puts);
    for (size_t i = 0; i < model->count; i++)
        restore_one(table, &model->puts[i]->request);
    lock_table_set_counters(table, model->next_ticket > 0 ? model->next_ticket : 1,
                            model->next_token > 0 ? model->next_token : 1);
    return table;
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static char *describe_request(char *end, const char *last, const struct lock_request *request)
{
    return end + snprintf(end, (size_t)(last - end),
                          "%" PRIu64 " token %" PRIu64 " %s of %s %" PRIu64 " %" PRIu64
                          " %s %" PRIu64 " job %s auto %d asked %" PRId64 " granted %" PRId64
                          " hold %" PRId64 " until %" PRId64 "%s",
                          request->ticket, request->token, request->owner,
                          or_dash(request->process->host), request->process->pid,
                          request->process->start, or_dash(request->process->boot),
                          request->process->pid_namespace, or_dash(request->process->job),
                          request->autounlock, request->asked_ms, request->granted_ms,
                          request->hold_ms, request->deadline_ms, request->away ? " away" : "");
}

/* Of what is held by its owner, that a time is over is nothing that has to be kept. */
static char *describe_keep(char *end, const char *last, const struct lock_table *table,
                           const struct lock_request *request)
{
    struct lock_keep_state keep;

    if (!lock_table_keep(table, request, &keep) ||
        (request->state == LOCK_HELD && !request->is_kept && !keep.until_boot))
        return end;
    return end + snprintf(end, (size_t)(last - end), " keep %" PRId64 " until %" PRId64 "%s%s",
                          keep.keep_ms, keep.until_ms, keep.until_boot ? " and boot" : "",
                          request->is_kept ? " done" : "");
}

void store_model_describe(const struct lock_table *table, char text[STORE_MODEL_TEXT])
{
    char *end = text;
    const char *last = text + STORE_MODEL_TEXT;
    const struct lock_seat *seat = NULL;
    const struct lock_request *waiter = NULL;

    *end = '\0';
    while ((seat = lock_table_next_held(table, seat)) != NULL) {
        end += snprintf(end, (size_t)(last - end), "%s held by ", lock_seat_name(seat));
        end = describe_request(end, last, seat->request);
        end = describe_keep(end, last, table, seat->request);
        end += snprintf(end, (size_t)(last - end), "%s", seat->is_kept ? " kept" : "");
        *end++ = '\n';
    }
    while ((waiter = lock_table_next_waiter(table, waiter)) != NULL) {
        end = describe_request(end, last, waiter);
        end = describe_keep(end, last, table, waiter);
        for (size_t i = 0; i < waiter->seat_count; i++)
            end += snprintf(end, (size_t)(last - end), " %u/%u:%s", waiter->seats[i].group,
                            waiter->groups[waiter->seats[i].group].needed,
                            lock_seat_name(&waiter->seats[i]));
        *end++ = '\n';
    }
    assert_true(end < last);
    *end = '\0';
}
