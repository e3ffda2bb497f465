/* The inner moves of the lock table: indexing, queueing, promising, granting, passing on.
 * Must not decide who may do what: that is ask.c and table.c. */
#include "grant.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

static int compare_queue(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct lock_seat, queue_node)->request->ticket,
                                tree_entry(b, const struct lock_seat, queue_node)->request->ticket);
}

static int compare_owners(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct lock_seat, owner_node)->request->owner,
                  tree_entry(b, const struct lock_seat, owner_node)->request->owner);
}

void lock_table_emit(const struct lock_table *table, enum lock_event_kind kind,
                     enum lock_reason reason, struct lock_request *request, const char *name,
                     int64_t now_ms)
{
    const struct lock_event event = {
        .kind = kind, .reason = reason, .request = request, .name = name, .at_ms = now_ms};

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

void lock_request_clear_deadline(struct lock_table *table, struct lock_request *request)
{
    if (request->deadline_ms != INT64_MAX)
        tree_remove(&table->deadlines, &request->deadline_node);
    request->deadline_ms = INT64_MAX;
}

void lock_request_set_deadline(struct lock_table *table, struct lock_request *request,
                               int64_t now_ms)
{
    int64_t deadline_ms;

    lock_request_clear_deadline(table, request);
    if (request->hold_ms <= 0 || __builtin_add_overflow(now_ms, request->hold_ms, &deadline_ms) ||
        deadline_ms == INT64_MAX)
        return;
    request->deadline_ms = deadline_ms;
    tree_insert(&table->deadlines, &request->deadline_node);
}

/* Makes the lock of a name that the table does not know; NULL when there is no memory.  A lock is
 * forgotten with the last seat that is attached to it. */
static struct lock *create_lock(struct lock_table *table, const char *name)
{
    size_t size = strlen(name) + 1;
    struct lock *lock = malloc(sizeof *lock + size);

    if (lock == NULL)
        return NULL;
    *lock = (struct lock){.queue.compare = compare_queue, .by_owner.compare = compare_owners};
    memcpy(lock->name, name, size);
    tree_insert(&table->locks, &lock->name_node);
    return lock;
}

static void forget_if_unused(struct lock_table *table, struct lock *lock)
{
    if (tree_count(&lock->by_owner) > 0)
        return;
    assert(lock->taken == NULL && tree_count(&lock->queue) == 0);
    tree_remove(&table->locks, &lock->name_node);
    free(lock);
}

/* Ties a seat to its lock. */
static void attach_seat(struct lock_seat *seat, struct lock *lock)
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

/* Nobody of a full group may stand at the head of a queue and want nothing. */
static void leave_queues_of_group(struct lock_request *request, uint32_t group)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].group == group && request->seats[i].state == LOCK_SEAT_QUEUED)
            lock_seat_leave_queue(&request->seats[i]);
    }
}

void lock_seat_promise(struct lock_seat *seat)
{
    struct lock_request *request = seat->request;
    struct lock_group_progress *group = &request->groups[seat->group];

    seat->state = LOCK_SEAT_PROMISED;
    seat->lock->taken = seat;
    group->taken++;
    if (group->taken == group->needed) {
        request->full_groups++;
        leave_queues_of_group(request, seat->group);
    }
}

int lock_request_attach(struct lock_table *table, struct lock_request *request,
                        const struct lock_want *want)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock *lock = want->names[i].lock;

        if (lock == NULL)
            lock = create_lock(table, want->names[i].name);
        if (lock == NULL) {
            while (i-- > 0) {
                lock = request->seats[i].lock;
                lock_seat_detach(&request->seats[i]);
                forget_if_unused(table, lock);
            }
            return -1;
        }
        attach_seat(&request->seats[i], lock);
    }
    return 0;
}

void lock_request_enter_queues(struct lock_request *request)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        const struct lock_group_progress *group = &request->groups[seat->group];

        if (seat->lock->taken == NULL && group->taken < group->needed)
            lock_seat_promise(seat);
    }
    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];
        const struct lock_group_progress *group = &request->groups[seat->group];

        if (seat->state == LOCK_SEAT_NONE && group->taken < group->needed) {
            seat->state = LOCK_SEAT_QUEUED;
            tree_insert(&seat->lock->queue, &seat->queue_node);
        }
    }
}

bool lock_request_needs_one(const struct lock_request *request)
{
    return request->group_count == 1 && request->groups[0].needed == 1;
}

void lock_request_come_back(struct lock_request *request)
{
    bool was_away = request->away;

    request->present = true;
    request->away = false;
    if (was_away)
        lock_request_enter_queues(request);
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
            seat->state = LOCK_SEAT_HELD;
            request->held_count++;
            table->held_count++;
        } else {
            lock_seat_detach(seat);
            forget_if_unused(table, lock);
        }
    }
    lock_request_set_deadline(table, request, now_ms);
    lock_table_emit(table, LOCK_EVENT_GRANTED, LOCK_REASON_NONE, request, NULL, now_ms);
}

void lock_request_grant_if_ready(struct lock_table *table, struct lock_request *request,
                                 int64_t now_ms)
{
    if (request->state != LOCK_WAITING || !request->present || !lock_request_is_complete(request))
        return;
    tree_remove(&table->waiting, &request->ticket_node);
    lock_request_grant(table, request, now_ms);
}

void lock_pass_on(struct lock_table *table, struct lock *lock, int64_t now_ms)
{
    struct tree_node *first = tree_first(&lock->queue);

    if (first != NULL) {
        struct lock_seat *seat = tree_entry(first, struct lock_seat, queue_node);

        lock_seat_leave_queue(seat);
        lock_seat_promise(seat);
        lock_request_grant_if_ready(table, seat->request, now_ms);
    } else {
        forget_if_unused(table, lock);
    }
}
