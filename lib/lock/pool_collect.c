/* How a selected request comes to its seats: free ones, then promises to later tickets.
 * Must not touch a grant. */
#include "pool_collect.h"

#include "collect.h"
#include "grant.h"
#include "pool_counter.h"
#include "pool_seat.h"
#include "pool_tree.h"
#include "sharing.h"

struct lock_seat *pool_lowest_promise(const struct pool_tie *tie)
{
    struct lock_request *request = tie->request;
    struct lock_seat *lowest = NULL;

    for (size_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *slot = &request->seats[i];

        if (slot->lock == NULL || slot->lock->pool != tie->pool)
            continue;
        if (lowest == NULL || slot->lock->number < lowest->lock->number)
            lowest = slot;
    }
    return lowest;
}

static int32_t find_free(const struct pool_want *want)
{
    struct pool *pool = want->tie->pool;
    int32_t best = POOL_NO_SEAT;

    if (pool->keeps_room && pool_room(pool, want->tie->reserve_class) < 1)
        return POOL_NO_SEAT;
    if (want->is_whole)
        return pool_tree_node(pool, POOL_ROOT)->best_free;
    for (uint32_t i = 0; i < want->entry_count; i++)
        best = pool_first_free(pool, best, pool_tree_node(pool, want->entries[i].queue)->best_free);
    return best;
}

/* What room a class would have if a promise of another, or of its own, ended. */
static int64_t room_without(const struct pool *pool, uint32_t mine, uint32_t other)
{
    const struct pool_reserve_class *it = &pool->classes[other];
    bool becomes_unmet = other != mine && it->taken <= it->seats;

    return pool_room(pool, mine) + (becomes_unmet ? 0 : 1);
}

/* In a pool that keeps room: the last promise whose end leaves room for the want. */
static struct lock_seat *find_promise_with_room(const struct pool_want *want)
{
    const struct pool *pool = want->tie->pool;
    const struct pool_tie *last = NULL;

    for (uint32_t i = 0; i < pool->class_count; i++) {
        struct tree_node *first = tree_first(&pool->classes[i].promised);
        const struct pool_tie *tie =
            first != NULL ? tree_entry(first, struct pool_tie, promise_node) : NULL;

        if (tie == NULL || room_without(pool, want->tie->reserve_class, i) < 1)
            continue;
        if (last == NULL || tie->request->ticket > last->request->ticket)
            last = tie;
    }
    if (last == NULL || last->request->ticket <= want->tie->request->ticket)
        return NULL;
    return pool_lowest_promise(last);
}

static struct lock_seat *find_promise(const struct pool_want *want)
{
    struct pool *pool = want->tie->pool;
    int32_t best = POOL_NO_SEAT;
    struct lock_seat *slot;

    if (pool->keeps_room)
        return find_promise_with_room(want);
    for (uint32_t i = 0; i < want->entry_count; i++)
        best = pool_last_promise(pool, best,
                                 pool_tree_node(pool, want->entries[i].queue)->best_promise);
    if (best == POOL_NO_SEAT)
        return NULL;
    slot = pool->seats[best].lock->taken;
    return slot->request->ticket > want->tie->request->ticket ? slot : NULL;
}

/* Ends the promise of a later ticket.  Returns its seat; POOL_NO_SEAT when there is none. */
static int32_t rob(struct lock_table *table, const struct pool_want *want)
{
    struct lock_seat *slot = find_promise(want);
    struct lock_request *robbed;
    int32_t seat;

    if (slot == NULL)
        return POOL_NO_SEAT;
    robbed = slot->request;
    seat = (int32_t)slot->lock->number;
    pool_end_promise(slot);
    if (want->tie->pool->keeps_room)
        pool_set_ready(table->pools, want->tie->pool, true);
    lock_look_again(table, robbed);
    return seat;
}

static void collect_want(struct lock_table *table, struct pool_want *want)
{
    const struct lock_group_progress *group = &want->tie->request->groups[want->group];

    while (group->taken < group->needed) {
        int32_t seat = find_free(want);

        if (seat == POOL_NO_SEAT)
            seat = rob(table, want);
        if (seat == POOL_NO_SEAT)
            break;
        pool_give(want, seat);
    }
    if (group->taken < group->needed)
        pool_want_queue(want);
}

bool pool_can_collect_one(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;
    const struct pool_want *want = standing->wants;

    if (standing->want_count == 0 || !pool_counter_would_pass(standing))
        return false;
    /* A pool with rules selects nobody without a free seat. */
    return find_free(want) != POOL_NO_SEAT || (!standing->has_rules && find_promise(want) != NULL);
}

void pool_collect(struct lock_table *table, struct lock_request *request)
{
    for (uint32_t first = 0, end; first < request->seat_count; first = end) {
        struct pool_want *want = pool_want_of(request, request->seats[first].group);

        end = lock_end_of_group(request, first);
        if (want != NULL)
            collect_want(table, want);
        else
            lock_collect_group(table, &request->seats[first], &request->seats[end]);
    }
}

void pool_queue_all(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->pooled->want_count; i++)
        pool_want_queue(&request->pooled->wants[i]);
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];

        if (seat->lock != NULL && seat->lock->pool == NULL)
            lock_queue_singles(seat, seat + 1);
    }
}

static bool want_has_all_free(const struct pool_want *want)
{
    const struct pool *pool = want->tie->pool;
    uint32_t needed = want->tie->request->groups[want->group].needed, free_seats = 0;

    if (pool->keeps_room)
        return pool_room(pool, want->tie->reserve_class) >= needed && pool->free >= needed;
    if (want->is_whole)
        return pool->free >= needed;
    for (uint32_t i = 0; i < want->entry_count && free_seats < needed; i++) {
        uint32_t seat, end;

        pool_tree_seats(pool, want->entries[i].queue, &seat, &end);
        for (; seat < end && seat < pool->size; seat++)
            free_seats += pool_seat_is_free(pool, seat);
    }
    return free_seats >= needed;
}

static bool group_has_all_free(const struct lock_request *request, uint32_t first, uint32_t end)
{
    uint32_t free_locks = 0;

    for (uint32_t i = first; i < end; i++)
        free_locks += lock_is_there_for(request->seats[i].lock, false, request->ticket);
    return free_locks >= request->groups[request->seats[first].group].needed;
}

bool pool_has_all_free(const struct lock_request *request)
{
    for (uint32_t first = 0, end; first < request->seat_count; first = end) {
        const struct pool_want *want = pool_want_of(request, request->seats[first].group);

        end = lock_end_of_group(request, first);
        if (want != NULL ? !want_has_all_free(want) : !group_has_all_free(request, first, end))
            return false;
    }
    return pool_counter_would_pass(request->pooled);
}
