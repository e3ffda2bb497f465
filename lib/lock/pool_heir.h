/* The standing that a waiting request is to have behind a reload that is still being prepared. */
#ifndef FARMLOCK_LOCK_POOL_HEIR_H
#define FARMLOCK_LOCK_POOL_HEIR_H

#include "pool_index.h"
#include "pool_move.h"
#include "pool_types.h"

/* Makes an heir for a request that waits for pools only, or holds seats, and has none; does nothing
 * for another.  Returns -1 with errno ENOMEM. */
int pool_heir_prepare(struct lock_table *table, const struct pool_index *index,
                      struct lock_request *request);

/* Whether there is one, and who asks is in the same groups as when it was made. */
bool pool_heir_is_right(const struct lock_request *request);

/* Fills in a move to the heir, which is the move's then.  Returns false, and there is no heir any
 * more, where none is right. */
bool pool_heir_take(struct lock_table *table, struct lock_request *request, struct pool_move *move);

#endif
