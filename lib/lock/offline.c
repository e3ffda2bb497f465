/* Locks and seats of pools that are out of use.
 * Must not grant anything itself, nor end a grant. */
#include "offline.h"

#include <errno.h>

#include "collect.h"
#include "grant.h"
#include "pool_end.h"
#include "pool_grant.h"
#include "pool_query.h"
#include "pool_seat.h"
#include "pool_tree.h"
#include "pools.h"
#include "query.h"
#include "sharing.h"

static void change_seat(struct lock_table *table, struct lock *lock, bool offline)
{
    struct pool *pool = lock->pool;
    struct lock_seat *taken = lock->taken;

    lock->is_offline = offline;
    if (pool->seats[lock->number].leaving) /* it counts for nothing there */
        return;
    pool->offline_count = pool->offline_count + offline - !offline;
    if (taken == NULL) {
        pool->free = pool->free - offline + !offline;
        pool_tree_update(pool, lock->number);
    } else if (offline && pool_seat_is_promise(taken)) {
        pool_end_promise(taken);
        lock_look_again(table, taken->request);
    }
}

/* The last of those that a single lock is promised to; NULL for none. */
static struct lock_seat *last_promise(const struct lock *lock)
{
    struct lock_seat *last = lock_has_readers(lock) ? lock_last_reader(lock) : lock->taken;

    return last != NULL && last->state == LOCK_SEAT_PROMISED ? last : NULL;
}

static void change_single(struct lock_table *table, struct lock *lock, bool offline, int64_t now_ms)
{
    struct lock_seat *promised;

    lock->is_offline = offline;
    if (!offline) {
        lock_pass_on(table, lock, now_ms);
        return;
    }
    while ((promised = last_promise(lock)) != NULL)
        lock_end_promise(table, promised);
    if (table->pools != NULL)
        pool_settle(table, now_ms);
    else
        lock_settle(table, now_ms);
}

/* A seat, before a lock that has its name since before there was such a seat. */
static struct lock *find(const struct lock_table *table, const char *name)
{
    struct lock *seat = table->pools != NULL ? pool_seat_named(table, name) : NULL;

    return seat != NULL ? seat : lock_find(table, name);
}

int lock_table_set_offline(struct lock_table *table, const char *name, bool offline, int64_t now_ms)
{
    struct lock *lock = find(table, name);

    if (pool_named(table, name) != NULL || (lock == NULL && !offline))
        return 0;
    if (lock == NULL)
        lock = lock_create(table, name);
    if (lock == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (lock->is_offline == offline)
        return 0;
    if (lock->pool == NULL) {
        change_single(table, lock, offline, now_ms);
    } else {
        change_seat(table, lock, offline);
        pool_look_at(table, lock->pool, lock->number, now_ms);
    }
    return 0;
}

bool lock_table_is_offline(const struct lock_table *table, const char *name)
{
    const struct lock *lock = find(table, name);

    return lock != NULL && lock->is_offline;
}

const char *lock_offline_in_the_way(const struct lock_request *request)
{
    for (uint32_t first = 0, end; first < request->seat_count; first = end) {
        const char *name = NULL;
        uint32_t can_be_had = 0;

        end = lock_end_of_group(request, first);
        for (uint32_t i = first; i < end; i++) {
            const struct lock_seat *seat = &request->seats[i];

            if (seat->lock == NULL || seat->state == LOCK_SEAT_PROMISED || !seat->lock->is_offline)
                can_be_had++;
            else if (name == NULL)
                name = seat->lock->name;
        }
        if (can_be_had < request->groups[request->seats[first].group].needed)
            return name;
    }
    return NULL;
}
