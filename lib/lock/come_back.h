/* Requests whose owner is there again. */
#ifndef FARMLOCK_LOCK_COME_BACK_H
#define FARMLOCK_LOCK_COME_BACK_H

#include "types.h"

/* Makes a request present, whether it was or not.  One that was away enters its queues by its old
 * ticket: what a later one was promised meanwhile, and could be its own, it takes.  RENEWED is told
 * of one that was away, and where its owner has renewed it. */
void lock_request_come_back(struct lock_table *table, struct lock_request *request, bool is_renewed,
                            int64_t now_ms);

#endif
