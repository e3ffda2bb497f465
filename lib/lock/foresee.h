/* What would come of a request, told before it leaves again without a trace. */
#ifndef FARMLOCK_LOCK_FORESEE_H
#define FARMLOCK_LOCK_FORESEE_H

#include "types.h"

/* Tells of a request that stands in its place. */
struct lock_result lock_foresee_tell(const struct lock_table *table,
                                     const struct lock_request *request, enum lock_outcome outcome);

/* Lets a new request of single locks, which is tied to them, enter and leave.  It is freed. */
struct lock_result lock_foresee(struct lock_table *table, struct lock_request *request,
                                int64_t now_ms);

#endif
