/* How seats of pools come back, and waits for them end.
 * Must not allocate. */
#include "pool_end.h"

#include <stdlib.h>
#include <string.h>

#include "grant.h"
#include "pool_collect.h"
#include "pool_create.h"
#include "pool_grant.h"
#include "pool_index.h"
#include "pool_seat.h"
#include "pool_standing.h"
#include "query.h"
#include "request.h"
#include "table.h"

enum { SOME = 64 }; /* who waits is looked at so many at once */

/* A seat that its pool has not any more is forgotten, or a lock like any other for who wants it by
 * its name. */
static void drop(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms)
{
    struct lock *lock = pool->seats[seat].lock;
    uint32_t last = pool->size + pool->leaving - 1;

    pool->seats[seat] = pool->seats[last];
    pool->seats[seat].lock->number = seat;
    pool->leaving--;
    lock->pool = NULL;
    lock_pass_on(table, lock, now_ms);
}

void pool_pass_on(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms)
{
    bool leaves = pool->seats[seat].leaving;

    if (leaves)
        drop(table, pool, seat, now_ms);
    pool_mend(table, pool);
    if (!leaves)
        pool_serve(table, pool, seat, now_ms);
    pool_settle(table, now_ms);
}

/* The seat stays tied to its lock: its request may come back. */
static void end_single_promise(struct lock_table *table, struct lock_seat *slot, int64_t now_ms)
{
    struct lock *lock = slot->lock;

    lock_group_lose(slot);
    slot->state = LOCK_SEAT_NONE;
    lock->taken = NULL;
    lock_pass_on(table, lock, now_ms);
}

/* Takes one promise of a request away that stands nowhere, and passes it on. */
static void hand_back(struct lock_table *table, struct lock_seat *slot, int64_t now_ms)
{
    struct lock *lock = slot->lock;
    struct pool *pool = lock->pool;
    uint32_t seat = lock->number;
    struct pool_tie *tie;

    if (pool == NULL) {
        end_single_promise(table, slot, now_ms);
        return;
    }
    tie = pool_tie_of(slot->request, pool);
    pool_end_hidden_promise(slot);
    pool_discharge(table->pools, tie, 1);
    pool_pass_on(table, pool, seat, now_ms);
}

/* Takes everything away from a request that has just left the queues. */
static void withdraw(struct lock_table *table, struct lock_request *request, bool was_selected,
                     int64_t now_ms)
{
    pool_sort_slots(request);
    for (uint32_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_PROMISED)
            hand_back(table, &request->seats[i], now_ms);
    }
    pool_standing_give_back(table->pools, request->pooled, was_selected);
    pool_settle(table, now_ms);
}

/* It stands nowhere, and wants all that it wanted at first. */
static void want_all_again(struct pool_standing *standing)
{
    for (uint32_t i = 0; i < standing->tie_count; i++)
        standing->ties[i].amount = 0;
    for (uint32_t i = 0; i < standing->want_count; i++) {
        const struct pool_want *want = &standing->wants[i];

        want->tie->amount += standing->request->groups[want->group].needed;
    }
}

static void detach_singles(struct lock_table *table, struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock *lock = request->seats[i].lock;

        if (lock == NULL)
            continue;
        lock_seat_detach(&request->seats[i]);
        lock_forget_if_unused(table, lock);
    }
}

void pool_end_wait(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    bool was_selected = request->pooled->stage == POOL_SELECTED;

    pool_stand_nowhere(table, request);
    withdraw(table, request, was_selected, now_ms);
    detach_singles(table, request);
    pool_forget_request(table, request);
}

void pool_forget_request(struct lock_table *table, struct lock_request *request)
{
    pool_standing_untie(table->pools, request->pooled);
    pool_standing_destroy(table->pools, request->pooled);
    request->pooled = NULL;
}

void pool_go_away(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    struct pool_standing *standing = request->pooled;
    bool was_selected = standing->stage == POOL_SELECTED;

    if (!standing->is_unknown)
        pool_stand_nowhere(table, request);
    lock_table_emit(table, LOCK_EVENT_AWAY, LOCK_REASON_NONE, request, now_ms);
    withdraw(table, request, was_selected, now_ms);
    want_all_again(standing);
}

/* Whether all that wait now could be served at some time, whoever they are. */
static bool suffices_for_all(const struct pool *pool)
{
    int64_t seats = (int64_t)pool->size - pool->offline_count - pool_outside(pool);

    for (uint32_t i = 1; i < pool->class_count; i++)
        seats -= pool->classes[i].seats;
    return pool->keeps_room && pool->aside_count == 0 && pool->most_wanted <= seats;
}

/* Returns whether it was let in. */
static bool reconsider_request(struct lock_table *table, struct lock_request *request,
                               int64_t now_ms)
{
    struct pool_standing *standing = request->pooled;
    bool was_aside = standing->stage == POOL_ASIDE;
    bool was_selected = standing->stage == POOL_SELECTED;
    bool is_aside = pool_find_aside(request, &standing->aside);

    if (standing->stage == POOL_STANDS_NOWHERE || was_aside == is_aside)
        return false;
    pool_stand_nowhere(table, request);
    withdraw(table, request, was_selected, now_ms);
    want_all_again(standing);
    pool_enter(table, request);
    return !is_aside;
}

void pool_reconsider(struct lock_table *table, struct pool *pool, int64_t now_ms)
{
    struct tree_node *node = tree_first(&pool->by_owner);
    bool let_in = false;

    if (suffices_for_all(pool))
        return;
    table->pools->is_restoring = true;
    for (; node != NULL; node = tree_next(&pool->by_owner, node)) {
        struct lock_request *request = tree_entry(node, struct pool_tie, owner_node)->request;

        if (request->state == LOCK_WAITING)
            let_in |= reconsider_request(table, request, now_ms);
    }
    table->pools->is_restoring = false;
    if (let_in)
        pool_resume(table, now_ms);
    else
        pool_settle(table, now_ms);
}

void pool_look_at(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms)
{
    pool_mend(table, pool);
    pool_serve(table, pool, seat, now_ms);
    pool_settle(table, now_ms);
    pool_reconsider(table, pool, now_ms);
}

void pool_resume_one(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    bool may_collect =
        request->pooled == NULL ? !request->away : request->pooled->stage == POOL_SELECTED;

    if (request->state != LOCK_WAITING)
        return;
    if (may_collect)
        pool_collect(table, request);
    lock_request_grant_if_ready(table, request, now_ms);
}

void pool_resume_pools(struct lock_table *table, int64_t now_ms)
{
    for (size_t i = 0; i < table->pools->pool_count; i++)
        pool_mend(table, table->pools->pools[i]);
    pool_settle(table, now_ms);
}

void pool_resume(struct lock_table *table, int64_t now_ms)
{
    struct tree_node *some[SOME], *last = NULL;
    size_t count;

    table->pools->is_restoring = false;
    while ((count = tree_list(&table->waiting, last, some, SOME)) > 0) {
        for (size_t i = 0; i < count; i++)
            pool_resume_one(table, tree_entry(some[i], struct lock_request, ticket_node), now_ms);
        last = some[count - 1];
    }
    pool_resume_pools(table, now_ms);
}

static void destroy_request(struct lock_table *table, struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock *lock = request->seats[i].lock;

        if (lock == NULL || lock->pool != NULL)
            continue;
        tree_remove(&lock->by_owner, &request->seats[i].owner_node);
        if (lock->taken == &request->seats[i])
            lock->taken = NULL;
        if (tree_count(&lock->by_owner) > 0)
            continue;
        tree_remove(&table->locks, &lock->name_node);
        free(lock);
    }
    pool_forget_request(table, request);
    lock_request_destroy(request);
}

/* Nobody is served here: what stands in trees is freed with them. */
static void destroy_requests_of_pool(struct lock_table *table, struct pool *pool)
{
    struct tree_node *first;

    while ((first = tree_first(&pool->by_owner)) != NULL)
        destroy_request(table, tree_entry(first, struct pool_tie, owner_node)->request);
    for (uint32_t i = pool->size; i < pool->size + pool->leaving; i++)
        tree_remove(&table->locks, &pool->seats[i].lock->name_node);
}

void pool_destroy_all(struct lock_table *table)
{
    struct pool_set *set = table->pools;
    struct tree_node *first;

    for (size_t i = 0; set != NULL && i < set->pool_count; i++)
        destroy_requests_of_pool(table, set->pools[i]);
    while (set != NULL && (first = tree_first(&set->unknown)) != NULL)
        destroy_request(table, tree_entry(first, struct pool_standing, limit_node)->request);
}
