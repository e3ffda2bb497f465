/* Asking a table what would come of a request, and then for it. */
#ifndef FARMLOCK_POOL_FORESEEN_H
#define FARMLOCK_POOL_FORESEEN_H

#include "lock/table.h"

/* The outcome of the request, which must be what was said: with the same seats, or the same reason
 * and place. */
enum lock_outcome pool_ask_foreseen(struct lock_table *table, const struct lock_ask *ask,
                                    int64_t now_ms);

#endif
