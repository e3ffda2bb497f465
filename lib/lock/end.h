/* How a grant or a wait ends, lock by lock. */
#ifndef FARMLOCK_LOCK_END_H
#define FARMLOCK_LOCK_END_H

#include "types.h"

/* Gives one held lock back; the request goes with its last one. */
void lock_release_seat(struct lock_table *table, struct lock_seat *seat, enum lock_reason reason,
                       int64_t now_ms);

/* Ends a wait: what was promised goes on. */
void lock_end_wait(struct lock_table *table, struct lock_request *request, enum lock_reason reason,
                   int64_t now_ms);

#endif
