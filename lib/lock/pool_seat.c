/* The inner moves of pools.
 * Must not decide who is next. */
#include "pool_seat.h"

#include <stdlib.h>

#include "pool_counter.h"
#include "pool_row.h"
#include "pool_rules.h"
#include "pool_share.h"
#include "pool_standing.h"
#include "pool_tree.h"

struct pool_tie *pool_tie_of(const struct lock_request *request, const struct pool *pool)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++) {
        if (standing->ties[i].pool == pool)
            return &standing->ties[i];
    }
    return NULL;
}

struct pool_want *pool_want_of(const struct lock_request *request, uint32_t group)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->want_count; i++) {
        if (standing->wants[i].group == group)
            return &standing->wants[i];
    }
    return NULL;
}

uint32_t pool_outside(const struct pool *pool)
{
    uint32_t most = pool->config->outside_most;

    return pool->outside < most ? pool->outside : most;
}

int64_t pool_unmet(const struct pool *pool, uint32_t reserve_class)
{
    const struct pool_reserve_class *it = &pool->classes[reserve_class];

    return it->taken < it->seats ? (int64_t)it->seats - it->taken : 0;
}

int64_t pool_slack(const struct pool *pool)
{
    int64_t slack = (int64_t)pool->free - pool_outside(pool);

    for (uint32_t i = 1; i < pool->class_count; i++)
        slack -= pool_unmet(pool, i);
    return slack;
}

int64_t pool_room(const struct pool *pool, uint32_t reserve_class)
{
    return pool_slack(pool) + pool_unmet(pool, reserve_class);
}

int64_t pool_seats_for(const struct pool *pool, uint32_t reserve_class)
{
    int64_t seats = (int64_t)pool->size - pool->offline_count - pool_outside(pool);

    for (uint32_t i = 1; i < pool->class_count; i++) {
        if (i != reserve_class)
            seats -= pool->classes[i].seats;
    }
    return seats;
}

bool pool_want_has(const struct pool_want *want, uint32_t seat)
{
    for (uint32_t i = 0; i < want->entry_count && !want->is_whole; i++) {
        uint32_t first, end;

        pool_tree_seats(want->tie->pool, want->entries[i].queue, &first, &end);
        if (seat >= first && seat < end)
            return true;
    }
    return want->is_whole;
}

void pool_want_queue(struct pool_want *want)
{
    if (want->is_queued)
        return;
    want->is_queued = true;
    for (uint32_t i = 0; i < want->entry_count; i++) {
        struct pool_entry *entry = &want->entries[i];
        struct pool_queue *queue = &want->tie->pool->queues[entry->queue];

        pool_row_add(want->tie->pool, &queue->row, &queue->selected, &entry->node);
    }
}

void pool_want_leave_queue(struct pool_want *want)
{
    if (!want->is_queued)
        return;
    want->is_queued = false;
    for (uint32_t i = 0; i < want->entry_count; i++) {
        struct pool_entry *entry = &want->entries[i];

        tree_remove(&want->tie->pool->queues[entry->queue].selected, &entry->node);
    }
}

void pool_want_enter_lines(struct pool_want *want)
{
    for (uint32_t i = 0; i < want->entry_count && want->tie->pool->has_rules; i++)
        pool_line_enter(&want->entries[i]);
}

void pool_want_leave_lines(struct pool_want *want)
{
    for (uint32_t i = 0; i < want->entry_count && want->tie->pool->has_rules; i++)
        pool_line_leave(&want->entries[i]);
}

static struct pool_reserve_class *class_of(const struct pool_tie *tie)
{
    return &tie->pool->classes[tie->reserve_class];
}

static void index_promises(struct pool_tie *tie)
{
    tie->is_indexed = true;
    tree_insert(&class_of(tie)->promised, &tie->promise_node);
}

static void unindex_promises(struct pool_tie *tie)
{
    if (tie->is_indexed)
        tree_remove(&class_of(tie)->promised, &tie->promise_node);
    tie->is_indexed = false;
}

void pool_index_holder(struct pool_tie *tie)
{
    tie->is_indexed = true;
    tree_insert(&tie->pool->holders, &tie->holder_node);
}

void pool_unindex_holder(struct pool_tie *tie)
{
    if (tie->is_indexed)
        tree_remove(&tie->pool->holders, &tie->holder_node);
    tie->is_indexed = false;
}

/* Full slots of a want come first. */
void pool_give(struct pool_want *want, int32_t seat)
{
    struct pool_tie *tie = want->tie;
    struct pool *pool = tie->pool;
    struct lock_request *request = tie->request;
    struct lock_seat *slot = &request->seats[want->first_slot + request->groups[want->group].taken];

    slot->state = LOCK_SEAT_PROMISED;
    slot->lock = pool->seats[seat].lock;
    slot->lock->taken = slot;
    pool->free--;
    pool->promised++;
    class_of(tie)->taken++;
    tie->taken++;
    if (!tie->is_indexed)
        index_promises(tie);
    if (lock_group_gain(slot))
        pool_want_leave_queue(want);
    pool_tree_update(pool, (uint32_t)seat);
}

static void make_free(struct pool *pool, uint32_t seat)
{
    if (!pool->seats[seat].lock->is_offline && !pool->seats[seat].leaving)
        pool->free++;
    pool_tree_update(pool, seat);
}

/* Takes a promised seat away from its slot. */
static void take_away(struct pool_want *want, struct lock_seat *slot)
{
    lock_group_lose(slot);
    slot->lock->taken = NULL;
    slot->lock = NULL;
    slot->state = LOCK_SEAT_NONE;
    want->tie->pool->promised--;
    class_of(want->tie)->taken--;
    want->tie->taken--;
    if (want->tie->taken == 0)
        unindex_promises(want->tie);
}

void pool_end_promise(struct lock_seat *slot)
{
    struct pool_want *want = pool_want_of(slot->request, slot->group);
    uint32_t seat = slot->lock->number;
    struct lock_seat *last;

    take_away(want, slot);
    last = &slot->request->seats[want->first_slot + slot->request->groups[slot->group].taken];
    if (last != slot) {
        slot->lock = last->lock;
        slot->lock->taken = slot;
        slot->state = LOCK_SEAT_PROMISED;
        last->lock = NULL;
        last->state = LOCK_SEAT_NONE;
    }
    make_free(want->tie->pool, seat);
}

void pool_end_hidden_promise(struct lock_seat *slot)
{
    struct pool_want *want = pool_want_of(slot->request, slot->group);
    uint32_t seat = slot->lock->number;

    take_away(want, slot);
    make_free(want->tie->pool, seat);
}

static int compare_slots(const void *a, const void *b)
{
    const struct lock_seat *left = a, *right = b;

    if (left->lock == NULL || right->lock == NULL)
        return (left->lock == NULL) - (right->lock == NULL);
    return lock_compare_numbers(left->lock->number, right->lock->number);
}

void pool_sort_slots(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->pooled->want_count; i++) {
        const struct pool_want *want = &request->pooled->wants[i];
        uint32_t needed = request->groups[want->group].needed;
        struct lock_seat *slots = &request->seats[want->first_slot];

        if (needed < 2)
            continue;
        qsort(slots, needed, sizeof *slots, compare_slots);
        for (uint32_t k = 0; k < needed && slots[k].lock != NULL; k++)
            slots[k].lock->taken = &slots[k];
    }
}

/* The nodes above its seats must not name a promise that nobody may take. */
static void forget_promises(const struct lock_request *request)
{
    for (size_t i = 0; i < request->seat_count; i++) {
        const struct lock *lock = request->seats[i].lock;

        if (lock != NULL && lock->pool != NULL)
            pool_tree_update(lock->pool, lock->number);
    }
}

void pool_hide_promises(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->pooled->tie_count; i++)
        unindex_promises(&request->pooled->ties[i]);
    forget_promises(request);
}

void pool_on_granted(struct pool_set *set, struct lock_request *request)
{
    pool_standing_drop_heir(set, request->pooled);
    pool_hide_promises(request);
    pool_sort_slots(request);
    for (uint32_t i = 0; i < request->pooled->tie_count; i++) {
        struct pool_tie *tie = &request->pooled->ties[i];

        tie->pool->waiting--;
        tie->pool->promised -= tie->taken;
        tie->pool->held += tie->taken;
        if (tie->share != NULL)
            tie->share->held += tie->amount;
        pool_index_holder(tie);
    }
    pool_counter_note_grant(request->pooled);
}

void pool_release(struct lock_seat *slot)
{
    struct pool *pool = slot->lock->pool;
    struct pool_tie *tie = pool_tie_of(slot->request, pool);
    uint32_t seat = slot->lock->number;

    slot->lock->taken = NULL;
    pool->held--;
    class_of(tie)->taken--;
    tie->taken--;
    if (tie->taken == 0)
        pool_unindex_holder(tie);
    pool->seats[seat].released = ++pool->releases;
    make_free(pool, seat);
}

void pool_discharge(struct pool_set *set, struct pool_tie *tie, uint32_t seats)
{
    tie->amount -= seats;
    if (tie->share != NULL) {
        pool_share_add_use(tie->share, -(int64_t)seats);
        tie->share->held -= tie->request->token != 0 ? seats : 0;
    }
    pool_counter_give_back(set, tie->request->pooled, tie, seats);
}

int pool_compare_ready(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct pool, ready_node)->serial,
                                tree_entry(b, const struct pool, ready_node)->serial);
}

void pool_set_ready(struct pool_set *set, struct pool *pool, bool is_ready)
{
    if (pool->is_ready == is_ready)
        return;
    pool->is_ready = is_ready;
    if (is_ready)
        tree_insert(&set->ready_pools, &pool->ready_node);
    else
        tree_remove(&set->ready_pools, &pool->ready_node);
}

void pool_limit_hold(struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++)
        request->hold_ms = pool_rules_hold_ms(standing->ties[i].pool->config, request->hold_ms);
}
