/* What a reload needs of those who wait and hold, made a little at a time before it. */
#ifndef FARMLOCK_LOCK_POOL_EARLY_H
#define FARMLOCK_LOCK_POOL_EARLY_H

#include "pool_prepare.h"

/* Makes heirs for up to `most` of those who wait, or hold seats, and have none.  Returns 1 where
 * there may be more of them, 0 where there are not; -1 with errno ENOMEM. */
int pool_early_prepare(struct pool_reload *reload, size_t most);

/* Frees all heirs: the reload is given up. */
void pool_early_drop(const struct pool_reload *reload);

#endif
