/* The lock table: its indexes, and everything that ends a request.
 * Must not read a clock, do I/O, or allocate. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "claimant.h"
#include "come_back.h"
#include "end.h"
#include "grant.h"
#include "keeping.h"
#include "pool_create.h"
#include "pool_end.h"
#include "pool_query.h"
#include "pool_unlock.h"
#include "pools.h"
#include "query.h"
#include "recent.h"
#include "request.h"
#include "sharing.h"
#include "spread.h"

static int compare_locks(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct lock, name_node)->name,
                  tree_entry(b, const struct lock, name_node)->name);
}

static int compare_tickets(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct lock_request, ticket_node)->ticket,
                                tree_entry(b, const struct lock_request, ticket_node)->ticket);
}

static int compare_deadlines(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_request *left = tree_entry(a, const struct lock_request, deadline_node);
    const struct lock_request *right = tree_entry(b, const struct lock_request, deadline_node);

    if (left->deadline_ms != right->deadline_ms)
        return left->deadline_ms < right->deadline_ms ? -1 : 1;
    return lock_compare_numbers(left->ticket, right->ticket);
}

struct lock_table *lock_table_create(lock_event_fn *on_event, void *context)
{
    struct lock_table *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->locks.compare = compare_locks;
    table->waiting.compare = compare_tickets;
    table->processes.compare = lock_claimant_compare;
    table->jobs.compare = lock_claimant_compare_jobs;
    table->deadlines.compare = compare_deadlines;
    lock_keep_init(table);
    table->next_ticket = 1;
    table->next_token = 1;
    table->on_event = on_event;
    table->context = context;
    table->recent = calloc(1, sizeof *table->recent); /* without it there is only more to search */
    return table;
}

void lock_table_set_counters(struct lock_table *table, uint64_t ticket, uint64_t token)
{
    table->next_ticket = ticket;
    table->next_token = token;
}

uint64_t lock_table_last_token(const struct lock_table *table)
{
    return table->next_token - 1;
}

size_t lock_table_unlock(struct lock_table *table, const char *owner, const char *const *names,
                         size_t name_count, int64_t now_ms, size_t *first)
{
    size_t released = 0;

    for (size_t i = 0; i < name_count; i++) {
        struct lock *lock = lock_find(table, names[i]);
        struct lock_seat *seat = lock != NULL ? lock_seat_of_owner(lock, owner) : NULL;
        size_t before = released;

        if (seat != NULL && seat->state == LOCK_SEAT_HELD) {
            lock_release_seat(table, seat, LOCK_REASON_UNLOCK, now_ms);
            released++;
        } else if (seat != NULL) {
            lock_end_wait(table, seat->request, LOCK_REASON_UNLOCK, now_ms);
        }
        if (table->pools != NULL && (seat == NULL || pool_named(table, names[i]) != NULL))
            released += pool_unlock(table, owner, names[i], now_ms);
        if (before == 0 && released > 0 && first != NULL)
            *first = i;
    }
    return released;
}

bool lock_table_unlock_only(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    if (request->state != LOCK_HELD || request->seat_count != 1)
        return false;
    lock_release_seat(table, request->seats, LOCK_REASON_UNLOCK, now_ms);
    return true;
}

bool lock_table_break(struct lock_table *table, const char *name, int64_t now_ms)
{
    struct lock *lock = lock_find(table, name);
    struct lock_seat *seat, *next;

    if (lock == NULL || lock->taken == NULL || lock->taken->state != LOCK_SEAT_HELD)
        return false;
    for (seat = lock->taken; seat != NULL; seat = next) {
        next = lock_next_sharer(seat);
        lock_release_seat(table, seat, LOCK_REASON_BREAK, now_ms);
    }
    return true;
}

bool lock_table_break_of(struct lock_table *table, struct lock_request *holder, const char *name,
                         int64_t now_ms)
{
    for (uint32_t i = 0; i < holder->seat_count; i++) {
        struct lock_seat *seat = &holder->seats[i];

        if (seat->state != LOCK_SEAT_HELD || strcmp(seat->lock->name, name) != 0)
            continue;
        lock_release_seat(table, seat, LOCK_REASON_BREAK, now_ms);
        return true;
    }
    return false;
}

void lock_table_set_present(struct lock_table *table, struct lock_request *request, bool present,
                            int64_t now_ms)
{
    if (present)
        lock_request_come_back(table, request, false, now_ms);
    else
        request->present = false;
}

/* Takes back what a waiting request that needs one lock was promised.  Returns that, or NULL. */
static struct lock *take_promise_back(struct lock_request *request)
{
    struct lock *promised = NULL;

    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];

        if (seat->state != LOCK_SEAT_PROMISED)
            continue;
        promised = seat->lock;
        lock_untake(seat);
        seat->state = LOCK_SEAT_NONE;
        request->groups[0].taken = 0;
        request->full_groups = 0;
    }
    return promised;
}

bool lock_table_set_away(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    struct lock *promised;

    if (!lock_request_needs_one(request))
        return false;
    if (request->away)
        return true;
    request->present = false;
    request->away = true;
    if (request->pooled != NULL) {
        pool_go_away(table, request, now_ms);
        return true;
    }
    for (size_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_QUEUED)
            lock_seat_leave_queue(&request->seats[i]);
    }
    promised = take_promise_back(request);
    lock_table_emit(table, LOCK_EVENT_AWAY, LOCK_REASON_NONE, request, now_ms);
    if (promised != NULL)
        lock_pass_on(table, promised, now_ms);
    for (size_t i = 0; !request->shares && i < request->seat_count; i++) {
        if (lock_has_readers(request->seats[i].lock))
            lock_pass_on(table, request->seats[i].lock, now_ms);
    }
    return true;
}

static void destroy_requests_of_lock(struct lock_table *table, struct lock *lock)
{
    struct tree_node *first;

    while ((first = tree_first(&lock->by_owner)) != NULL) {
        struct lock_request *request = tree_entry(first, struct lock_seat, owner_node)->request;

        for (size_t i = 0; i < request->seat_count; i++) {
            struct lock *other = request->seats[i].lock;

            if (other == NULL)
                continue;
            lock_seat_detach(&request->seats[i]);
            if (other != lock && tree_count(&other->by_owner) == 0) {
                tree_remove(&table->locks, &other->name_node);
                free(other);
            }
        }
        lock_request_destroy(request);
    }
}

void lock_table_destroy(struct lock_table *table)
{
    struct tree_node *first;

    if (table == NULL)
        return;
    lock_table_forget_pools(table, NULL);
    lock_table_tidy_pools(table, SIZE_MAX);
    lock_keep_forget_all(table);
    lock_recent_end(table);
    pool_destroy_all(table);
    while ((first = tree_first(&table->locks)) != NULL) {
        struct lock *lock = tree_entry(first, struct lock, name_node);

        destroy_requests_of_lock(table, lock);
        tree_remove(&table->locks, &lock->name_node);
        free(lock);
    }
    pool_set_destroy(table->pools);
    lock_spread_destroy(table);
    lock_request_free_spare(table);
    free(table);
}
