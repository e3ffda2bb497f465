/* How a request comes to single locks: those that are free, then those that were promised to later
 * tickets.  A new request needs none of this, as its ticket is the highest. */
#ifndef FARMLOCK_LOCK_COLLECT_H
#define FARMLOCK_LOCK_COLLECT_H

#include <stdbool.h>

#include "types.h"

/* Takes what a request may have of a group of single locks, from the seat `first` to before `end`,
 * and queues it for the rest. */
void lock_collect_group(struct lock_table *table, struct lock_seat *first,
                        const struct lock_seat *end);

/* Where the group of a request that begins at a seat ends. */
uint32_t lock_end_of_group(const struct lock_request *request, uint32_t first);

/* The same for all groups of a request that has nothing to do with pools. */
void lock_collect(struct lock_table *table, struct lock_request *request);

/* Whether a request that needs one lock, and has none and stands in no queue, could have one. */
bool lock_can_collect_one(const struct lock_request *request);

/* Queues those of the seats from `first` to before `end` that do not yet. */
void lock_queue_singles(struct lock_seat *first, const struct lock_seat *end);

/* Says that a request, which was robbed, is to look for another lock or seat. */
void lock_look_again(struct lock_table *table, struct lock_request *request);

/* Ends the promise of a single lock, for which its request queues again when it looks. */
void lock_end_promise(struct lock_table *table, struct lock_seat *seat);

/* Has the first of a queue look again, where it is a reader and readers have the lock: who stood
 * before it has gone. */
void lock_let_reader_look(struct lock_table *table, const struct lock *lock);

/* The lowest ticket of those that are to look again, which it has to do now; NULL for none. */
struct lock_request *lock_next_to_look(struct lock_table *table);

/* Has all of them look, in a table without pools. */
void lock_settle(struct lock_table *table, int64_t now_ms);

#endif
