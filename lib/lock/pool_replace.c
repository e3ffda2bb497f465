/* A pool in place of the one before: which seats it takes over, and what becomes of the locks.
 * Must not move a request. */
#include "pool_replace.h"

#include <stdlib.h>

#include "grant.h"
#include "pool_counter.h"
#include "pool_create.h"
#include "pool_seat.h"
#include "pool_share.h"
#include "pool_tree.h"
#include "query.h"
#include "recent.h"

/* A seat of a new pool that there was already, as a seat or as a lock, stays the same. */
static void adopt_seat(struct lock_table *table, struct pool *pool, uint32_t seat)
{
    struct pool_seat *it = &pool->seats[seat];
    struct lock *old = lock_find(table, it->lock->name);

    if (old == NULL)
        return;
    if (old->pool == NULL || old->pool->seats[old->number].leaving)
        tree_remove(&table->locks, &old->name_node);
    if (old->pool != NULL) {
        it->released = old->pool->seats[old->number].released;
        if (pool->releases < it->released)
            pool->releases = it->released;
        old->pool->seats[old->number].has_moved = true;
    } else if (old->taken != NULL) {
        tree_remove(&old->by_owner, &old->taken->owner_node);
    }
    free(it->lock);
    it->lock = old;
    old->pool = pool;
    old->number = seat;
    pool->offline_count += old->is_offline;
}

void pool_take_name(const struct lock_table *table, const struct pool *pool)
{
    struct lock *lock = lock_find(table, pool->name);

    if (lock != NULL && lock->pool == NULL)
        lock->is_offline = false;
}

void pool_adopt_seats(struct lock_table *table, struct pool *pool)
{
    for (uint32_t i = 0; i < pool->size; i++)
        adopt_seat(table, pool, i);
}

/* What an old pool has left: seats that are held stay behind those of its successor until they are
 * given back; without one they are locks like any other. */
static void leave_seat(struct lock_table *table, struct pool *old, uint32_t seat)
{
    struct pool *successor = old->successor;
    struct lock *lock = old->seats[seat].lock;
    bool was_leaving = old->seats[seat].leaving;

    if (old->seats[seat].has_moved)
        return;
    if (!was_leaving)
        tree_insert(&table->locks, &lock->name_node);
    lock_recent_note(table, lock);
    lock->pool = NULL;
    if (lock->taken == NULL)
        return;
    if (successor == NULL) {
        tree_insert(&lock->by_owner, &lock->taken->owner_node);
        return;
    }
    lock->pool = successor;
    lock->number = successor->size + successor->leaving++;
    successor->seats[lock->number] = (struct pool_seat){.lock = lock, .leaving = true};
}

void pool_retire(struct lock_table *table, struct pool *old)
{
    for (uint32_t i = 0; i < old->size + old->leaving; i++)
        leave_seat(table, old, i);
    if (old->successor != NULL)
        old->successor->outside = old->outside;
    pool_set_ready(table->pools, old, false);
    pool_counter_retire(table->pools, old);
    pool_share_retire(old);
    old->leaving = 0;
    old->size = 0;
}

bool pool_forget_some(struct pool_set *set, struct pool *old, size_t *most)
{
    for (; *most > 0; --*most) {
        if (pool_counter_forget_one(set, old) || pool_share_forget_one(old))
            continue;
        pool_destroy(old);
        return true;
    }
    return false;
}

void pool_count_seats(struct pool_set *set, struct pool *pool)
{
    pool->free = 0;
    for (uint32_t i = 0; i < pool->size; i++)
        pool->free += pool_seat_is_free(pool, i);
    pool_tree_update_all(pool);
    pool_set_ready(set, pool, true);
}

/* Locks that nobody uses: made for who then did not come, or left by who has moved. */
void pool_sweep_locks(struct lock_table *table)
{
    struct tree_node *node, *next;

    lock_recent_clear(table); /* so that none of these gives its place up to another on the way */
    for (node = tree_first(&table->locks); node != NULL; node = next) {
        struct lock *lock = tree_entry(node, struct lock, name_node);

        next = tree_next(&table->locks, node);
        if (lock->pool == NULL)
            lock_forget_if_unused(table, lock);
    }
}

static bool has_any_shared(const struct lock *lock)
{
    const struct tree_node *node;

    for (node = tree_first(&lock->by_owner); node != NULL;
         node = tree_next(&lock->by_owner, node)) {
        if (tree_entry(node, const struct lock_seat, owner_node)->is_shared)
            return true;
    }
    return false;
}

bool pool_names_are_shared(const struct lock_table *table, const struct pool_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct lock *lock = lock_find(table, pool_name_text(&index->names[i]));

        if (lock != NULL && lock->pool == NULL && has_any_shared(lock))
            return true;
    }
    return false;
}
