/* Whom a reload of the pools concerns.
 * Must not change anything. */
#include "pool_concern.h"

static bool becomes_a_seat(const struct pool_reload *reload, const struct lock *lock)
{
    const struct pool_name *found;

    if (lock->pool != NULL)
        return !lock->pool->is_kept;
    if (!reload->has_new_names)
        return false;
    found = pool_index_find(&reload->index, lock->name);
    return found != NULL && found->seat != POOL_NO_SEAT;
}

/* Of a waiting one also a lock that has become the name of a pool. */
bool pool_is_concerned(const struct pool_reload *reload, const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++) {
        if (!standing->ties[i].pool->is_kept)
            return true;
    }
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock *lock = request->seats[i].lock;

        if (lock == NULL)
            continue;
        if (becomes_a_seat(reload, lock))
            return true;
        if (request->state == LOCK_WAITING && lock->pool == NULL && reload->has_new_names &&
            pool_index_find(&reload->index, lock->name) != NULL)
            return true;
    }
    return standing != NULL && standing->is_unknown;
}
