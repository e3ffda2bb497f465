/* What an owner has already of what it asks for. */
#ifndef FARMLOCK_LOCK_POOL_OWN_H
#define FARMLOCK_LOCK_POOL_OWN_H

#include "pool_demand.h"

struct lock_own pool_find_own(const struct pool_demand *demand);

/* Steps through the grants that cover a demand; a grant may come more than once.  All zero at
 * first. */
struct pool_cursor {
    size_t group;
    const struct pool_tie *tie;
    size_t single;
};
struct lock_request *pool_next_held(const struct pool_demand *demand, struct pool_cursor *cursor);

#endif
