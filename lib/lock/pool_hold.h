/* Grants that were made before the pools were as they are: after a restart or a reload. */
#ifndef FARMLOCK_LOCK_POOL_HOLD_H
#define FARMLOCK_LOCK_POOL_HOLD_H

#include "pool_rules.h"
#include "pool_types.h"

/* One pool that a grant has seats of. */
struct pool_holding {
    struct pool *pool;
    uint32_t seats;
};

/* A standing for a grant of so many seats of each pool.  NULL with errno ENOMEM. */
struct pool_standing *pool_hold_create(struct pool_set *set, struct lock_request *request,
                                       const struct pool_holding *holdings, size_t count,
                                       const struct pool_asker *asker);

/* Charges a grant, whose seats have their locks already, over every limit if so; and takes that
 * back without giving anything to anybody. */
void pool_hold_enter(struct pool_set *set, struct lock_request *request);
void pool_hold_leave(struct pool_set *set, struct lock_request *request);

#endif
