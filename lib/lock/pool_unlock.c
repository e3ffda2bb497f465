/* Giving seats of pools back by name.
 * Must not allocate. */
#include "pool_unlock.h"

#include <string.h>

#include "end.h"
#include "pool_index.h"
#include "pool_seat.h"
#include "table.h"

/* One seat that the owner holds. */
static struct lock_seat *held_seat(const struct pool *pool, const char *owner)
{
    struct pool_tie *tie = NULL;

    while ((tie = pool_next_tie(pool, owner, tie)) != NULL) {
        for (uint32_t i = 0; tie->request->state == LOCK_HELD && i < tie->request->seat_count;
             i++) {
            struct lock_seat *seat = &tie->request->seats[i];

            if (seat->state == LOCK_SEAT_HELD && !seat->is_kept && seat->lock->pool == pool)
                return seat;
        }
    }
    return NULL;
}

/* One wait of the owner for any of some seats. */
static struct lock_request *wait_for(const struct pool *pool, const char *owner, int32_t seat)
{
    struct pool_tie *tie = NULL;

    while ((tie = pool_next_tie(pool, owner, tie)) != NULL) {
        const struct pool_standing *standing = tie->request->pooled;

        for (uint32_t i = 0; tie->request->state == LOCK_WAITING && i < standing->want_count; i++) {
            if (standing->wants[i].tie == tie &&
                (seat == POOL_NO_SEAT || pool_want_has(&standing->wants[i], (uint32_t)seat)))
                return tie->request;
        }
    }
    return NULL;
}

static size_t unlock_pool(struct lock_table *table, const char *owner, struct pool *pool,
                          int64_t now_ms)
{
    struct lock_request *waiting;
    struct lock_seat *seat;
    size_t released = 0;

    while ((waiting = wait_for(pool, owner, POOL_NO_SEAT)) != NULL)
        lock_table_end(table, waiting, LOCK_REASON_UNLOCK, now_ms);
    for (; (seat = held_seat(pool, owner)) != NULL; released++)
        lock_release_seat(table, seat, LOCK_REASON_UNLOCK, now_ms);
    return released;
}

size_t pool_unlock(struct lock_table *table, const char *owner, const char *name, int64_t now_ms)
{
    const struct pool_name *found = pool_index_find(pool_index_of(table), name);
    struct lock_request *waiting;
    struct lock_seat *taken;

    if (found == NULL)
        return 0;
    if (found->seat == POOL_NO_SEAT)
        return unlock_pool(table, owner, found->pool, now_ms);
    taken = found->pool->seats[found->seat].lock->taken;
    if (taken != NULL && taken->state == LOCK_SEAT_HELD && !taken->is_kept &&
        strcmp(taken->request->owner, owner) == 0) {
        lock_release_seat(table, taken, LOCK_REASON_UNLOCK, now_ms);
        return 1;
    }
    while ((waiting = wait_for(found->pool, owner, found->seat)) != NULL)
        lock_table_end(table, waiting, LOCK_REASON_UNLOCK, now_ms);
    return 0;
}
