/* How a selected request comes to its seats. */
#ifndef FARMLOCK_LOCK_POOL_COLLECT_H
#define FARMLOCK_LOCK_POOL_COLLECT_H

#include "pool_types.h"

/* The lowest seat that a tie was promised; it has one. */
struct lock_seat *pool_lowest_promise(const struct pool_tie *tie);

/* Takes what a selected request may have, free seats and promises to later tickets, and queues it
 * for the rest. */
void pool_collect(struct lock_table *table, struct lock_request *request);

/* Queues a selected request that has nothing for all that it wants. */
void pool_queue_all(struct lock_request *request);

/* Whether a request that needs one seat, and stands nowhere, would have one if it stood in its
 * place: a free one, or what was promised to a later ticket. */
bool pool_can_collect_one(const struct lock_request *request);

/* Whether all that a request wants is free for it, so that it is granted in the step that asks. */
bool pool_has_all_free(const struct lock_request *request);

#endif
