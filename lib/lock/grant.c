/* The inner moves of the lock table: indexing, queueing, promising, granting, passing on.
 * Must not decide who may do what: that is ask.c and table.c. */
#include "grant.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keeping.h"
#include "overlap.h"
#include "pool_seat.h"
#include "pool_types.h"
#include "recent.h"
#include "request.h"
#include "sharing.h"

static int compare_queue(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct lock_seat, queue_node)->request->ticket,
                                tree_entry(b, const struct lock_seat, queue_node)->request->ticket);
}

/* Of one owner that stands first which it is not done with. */
static int compare_owners(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_seat *left = tree_entry(a, const struct lock_seat, owner_node);
    const struct lock_seat *right = tree_entry(b, const struct lock_seat, owner_node);
    int order = strcmp(left->request->owner, right->request->owner);

    if (order != 0 || (!left->is_kept && !right->is_kept))
        return order;
    if (left->is_kept != right->is_kept)
        return left->is_kept ? 1 : -1;
    return lock_compare_numbers(left->request->ticket, right->request->ticket);
}

void lock_table_emit(const struct lock_table *table, enum lock_event_kind kind,
                     enum lock_reason reason, struct lock_request *request, int64_t now_ms)
{
    const struct lock_event event = {
        .kind = kind, .reason = reason, .table = table, .request = request, .at_ms = now_ms};

    table->on_event(table->context, &event);
}

void lock_table_emit_of(const struct lock_table *table, enum lock_event_kind kind,
                        enum lock_reason reason, const struct lock_seat *seat, int64_t now_ms)
{
    const struct lock *lock = seat->lock;
    const struct lock_event event = {.kind = kind,
                                     .reason = reason,
                                     .table = table,
                                     .request = seat->request,
                                     .name = lock->name,
                                     .pool = lock->pool != NULL ? lock->pool->config : NULL,
                                     .at_ms = now_ms};

    table->on_event(table->context, &event);
}

void lock_request_index(struct lock_table *table, struct lock_request *request)
{
    if (request->process->host != NULL)
        tree_insert(&table->processes, &request->process->process_node);
    if (request->process->job != NULL)
        tree_insert(&table->jobs, &request->process->job_node);
}

void lock_request_unindex(struct lock_table *table, struct lock_request *request)
{
    if (request->process->host != NULL)
        tree_remove(&table->processes, &request->process->process_node);
    if (request->process->job != NULL)
        tree_remove(&table->jobs, &request->process->job_node);
}

struct lock_request *lock_request_next_of_process(const struct lock_table *table,
                                                  const struct lock_claimant *probe,
                                                  const struct lock_request *last)
{
    const struct tree_node *node = last != NULL
                                       ? tree_next(&table->processes, &last->process->process_node)
                                       : tree_at_least(&table->processes, &probe->process_node);
    const struct lock_claimant *process =
        node != NULL ? tree_entry(node, struct lock_claimant, process_node) : NULL;

    if (process == NULL || process->pid != probe->pid || strcmp(process->host, probe->host) != 0)
        return NULL;
    return process->request;
}

void lock_request_limit(struct lock_table *table, struct lock_request *request, int64_t deadline_ms)
{
    if (request->deadline_ms != INT64_MAX)
        tree_remove(&table->deadlines, &request->deadline_node);
    request->deadline_ms = deadline_ms;
    if (request->deadline_ms != INT64_MAX)
        tree_insert(&table->deadlines, &request->deadline_node);
}

void lock_request_set_deadline(struct lock_table *table, struct lock_request *request,
                               int64_t now_ms)
{
    int64_t deadline_ms;

    if (request->hold_ms <= 0 && request->deadline_ms == INT64_MAX)
        return;
    if (request->hold_ms <= 0 || __builtin_add_overflow(now_ms, request->hold_ms, &deadline_ms))
        deadline_ms = INT64_MAX;
    lock_request_limit(table, request, deadline_ms);
}

void lock_request_put_off(struct lock_table *table, struct lock_request *request,
                          int64_t deadline_ms)
{
    request->hold_ms += deadline_ms - request->deadline_ms;
    lock_request_limit(table, request, deadline_ms);
}

void lock_init(struct lock *lock)
{
    *lock = (struct lock){.queue.compare = compare_queue,
                          .readers.compare = lock_compare_readers,
                          .by_owner.compare = compare_owners};
}

struct lock *lock_create(struct lock_table *table, const char *name)
{
    size_t size = strlen(name) + 1;
    struct lock *lock = lock_recent_take(table, name);

    if (lock != NULL)
        return lock;
    lock = malloc(sizeof *lock + size);
    if (lock == NULL)
        return NULL;
    lock_init(lock);
    memcpy(lock->name, name, size);
    tree_insert(&table->locks, &lock->name_node);
    lock_recent_note(table, lock);
    return lock;
}

void lock_forget_if_unused(struct lock_table *table, struct lock *lock)
{
    if (tree_count(&lock->by_owner) > 0 || lock->pool != NULL || lock->is_offline)
        return;
    assert(lock->taken == NULL && tree_count(&lock->queue) == 0);
    if (lock_recent_leave(table, lock))
        return;
    tree_remove(&table->locks, &lock->name_node);
    free(lock);
}

void lock_seat_attach(struct lock_seat *seat, struct lock *lock)
{
    seat->lock = lock;
    tree_insert(&lock->by_owner, &seat->owner_node);
}

void lock_seat_detach(struct lock_seat *seat)
{
    tree_remove(&seat->lock->by_owner, &seat->owner_node);
    seat->lock = NULL;
    seat->state = LOCK_SEAT_NONE;
}

void lock_seat_leave_queue(struct lock_seat *seat)
{
    tree_remove(&seat->lock->queue, &seat->queue_node);
    seat->state = LOCK_SEAT_NONE;
}

void lock_seat_let_go(struct lock_seat *seat)
{
    if (seat->state == LOCK_SEAT_QUEUED)
        lock_seat_leave_queue(seat);
    else if (seat->state == LOCK_SEAT_PROMISED)
        lock_untake(seat);
    seat->state = LOCK_SEAT_NONE;
}

void lock_seat_withdraw(struct lock_seat *seat)
{
    lock_seat_let_go(seat);
    lock_seat_detach(seat);
}

/* Nobody of a full group may stand at the head of a queue and want nothing. */
void lock_request_leave_queues_of_group(struct lock_request *request, uint32_t group)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].group == group && request->seats[i].state == LOCK_SEAT_QUEUED)
            lock_seat_leave_queue(&request->seats[i]);
    }
}

/* Nor of one of several that overlap: other locks may be of no use any more. */
static void count_for_a_part(struct lock_seat *promised)
{
    struct lock_request *request = promised->request;
    uint8_t open;

    lock_overlap_gain(promised);
    open = lock_overlap_open(request);
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];

        if (seat->state == LOCK_SEAT_QUEUED && !lock_overlap_fits(seat, open))
            lock_seat_leave_queue(seat);
    }
}

void lock_seat_promise(struct lock_seat *seat)
{
    seat->state = LOCK_SEAT_PROMISED;
    lock_take(seat);
    if (lock_group_gain(seat))
        lock_request_leave_queues_of_group(seat->request, seat->group);
    if (seat->request->overlaps)
        count_for_a_part(seat);
}

int lock_request_attach(struct lock_table *table, struct lock_request *request,
                        const struct lock_want *want)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock *lock = want->names[i].lock;

        if (lock == NULL)
            lock = lock_create(table, want->names[i].name);
        if (lock == NULL) {
            while (i-- > 0) {
                lock = request->seats[i].lock;
                lock_seat_detach(&request->seats[i]);
                lock_forget_if_unused(table, lock);
            }
            return -1;
        }
        lock_seat_attach(&request->seats[i], lock);
    }
    return 0;
}

void lock_request_enter_queues(struct lock_request *request)
{
    uint8_t open = lock_overlap_open(request);

    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        const struct lock_group_progress *group = &request->groups[seat->group];

        if (group->taken < group->needed &&
            lock_is_there_for(seat->lock, seat->is_shared, request->ticket) &&
            lock_overlap_fits(seat, open)) {
            lock_seat_promise(seat);
            open = lock_overlap_open(request);
        }
    }
    if (lock_request_is_complete(request))
        return;
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        const struct lock_group_progress *group = &request->groups[seat->group];

        if (seat->state == LOCK_SEAT_NONE && group->taken < group->needed &&
            lock_overlap_fits(seat, open)) {
            seat->state = LOCK_SEAT_QUEUED;
            tree_insert(&seat->lock->queue, &seat->queue_node);
        }
    }
}

bool lock_request_needs_one(const struct lock_request *request)
{
    return request->group_count == 1 && request->groups[0].needed == 1;
}

bool lock_request_is_complete(const struct lock_request *request)
{
    return request->full_groups == request->group_count;
}

/* All that the request was promised becomes its own; the rest it does not want any more. */
void lock_request_grant(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    request->state = LOCK_HELD;
    request->token = table->next_token++;
    request->granted_ms = now_ms;
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        struct lock *lock = seat->lock;

        if (seat->state == LOCK_SEAT_PROMISED) {
            lock_hold(seat);
            request->held_count++;
            table->held_count++;
        } else if (lock != NULL) {
            lock_seat_detach(seat);
            lock_forget_if_unused(table, lock);
        }
    }
    if (request->pooled != NULL)
        pool_on_granted(table->pools, request);
    lock_request_set_deadline(table, request, now_ms);
    if (request->keeps)
        lock_keep_begin(table, request);
    lock_table_emit(table, LOCK_EVENT_GRANTED, LOCK_REASON_NONE, request, now_ms);
}

void lock_request_grant_if_ready(struct lock_table *table, struct lock_request *request,
                                 int64_t now_ms)
{
    if (request->state != LOCK_WAITING || !request->present || !lock_request_is_complete(request))
        return;
    tree_remove(&table->waiting, &request->ticket_node);
    lock_request_grant(table, request, now_ms);
}

/* Whether the first of a queue may have the lock now. */
static bool may_go_on(const struct lock *lock, const struct lock_seat *first)
{
    if (lock->is_offline)
        return false;
    return lock->taken == NULL || (first->is_shared && lock->taken->is_shared);
}

/* A group that is full has left queues in which readers may have stood behind it. */
static void let_readers_in(struct lock_table *table, const struct lock_seat *promised,
                           int64_t now_ms)
{
    const struct lock_request *request = promised->request;

    if (promised->is_shared || request->seat_count == 1)
        return;
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];

        if (seat->group == promised->group && seat->state == LOCK_SEAT_NONE &&
            lock_has_readers(seat->lock))
            lock_pass_on(table, seat->lock, now_ms);
    }
}

/* Several only where they are readers.  A reader that goes on lets nobody else in, so this goes no
 * deeper than twice. */
void lock_pass_on(struct lock_table *table, struct lock *lock, int64_t now_ms)
{
    struct tree_node *first = tree_first(&lock->queue);
    bool is_shared;

    if (first == NULL) {
        lock_forget_if_unused(table, lock);
        return;
    }
    do {
        struct lock_seat *seat = tree_entry(first, struct lock_seat, queue_node);

        if (!may_go_on(lock, seat))
            return;
        is_shared = seat->is_shared;
        lock_seat_leave_queue(seat);
        lock_seat_promise(seat);
        let_readers_in(table, seat, now_ms);
        lock_request_grant_if_ready(table, seat->request, now_ms);
    } while (is_shared && (first = tree_first(&lock->queue)) != NULL);
}
