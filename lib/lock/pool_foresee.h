/* What would come of a request that has to do with pools. */
#ifndef FARMLOCK_LOCK_POOL_FORESEE_H
#define FARMLOCK_LOCK_POOL_FORESEE_H

#include "pool_types.h"

/* Lets a new request, whose order is set, enter its pools, tells of it, and takes it out again:
 * then it is as it was. */
struct lock_result pool_foresee(struct lock_table *table, struct lock_request *request,
                                int64_t now_ms);

#endif
