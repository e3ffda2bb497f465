/* Giving seats of pools back by name. */
#ifndef FARMLOCK_LOCK_POOL_UNLOCK_H
#define FARMLOCK_LOCK_POOL_UNLOCK_H

#include "pool_types.h"

/* Gives an owner's seat back, or all of a pool, by its name, and ends its waits for it.  Returns
 * how many were given back. */
size_t pool_unlock(struct lock_table *table, const char *owner, const char *name, int64_t now_ms);

#endif
