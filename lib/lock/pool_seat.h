/* The inner moves of pools: a seat is promised, a promise ends, a seat is given back; and who
 * stands in which queue.  None of them decides who is next. */
#ifndef FARMLOCK_LOCK_POOL_SEAT_H
#define FARMLOCK_LOCK_POOL_SEAT_H

#include "pool_types.h"

/* The tie of a request to a pool; NULL where it has none. */
struct pool_tie *pool_tie_of(const struct lock_request *request, const struct pool *pool);

/* The want of a group; NULL where the group is not one of a pool. */
struct pool_want *pool_want_of(const struct lock_request *request, uint32_t group);

/* Seats in use elsewhere, as far as the pool lets them be. */
uint32_t pool_outside(const struct pool *pool);

/* How many seats of a class's reserve nobody has.  What is free when all reserves and the use
 * outside are taken off, which may be below 0.  And what is free for one class. */
int64_t pool_unmet(const struct pool *pool, uint32_t reserve_class);
int64_t pool_slack(const struct pool *pool);
int64_t pool_room(const struct pool *pool, uint32_t reserve_class);

/* Seats of the pool that a class may have, whoever has them now. */
int64_t pool_seats_for(const struct pool *pool, uint32_t reserve_class);

/* Whether a want may choose a seat. */
bool pool_want_has(const struct pool_want *want, uint32_t seat);

/* Puts a want among the selected of its queues, or takes it out if it is there. */
void pool_want_queue(struct pool_want *want);
void pool_want_leave_queue(struct pool_want *want);

/* The same as a candidate. */
void pool_want_enter_lines(struct pool_want *want);
void pool_want_leave_lines(struct pool_want *want);

/* Promises a free seat to a want that is not full. */
void pool_give(struct pool_want *want, int32_t seat);

/* Ends a promise: the seat is free then, if it is in use.  The promises of the group stay in its
 * first slots.  And one of a request that leaves: nothing moves but this. */
void pool_end_promise(struct lock_seat *slot);
void pool_end_hidden_promise(struct lock_seat *slot);

/* Puts what a request was promised in the order of seats. */
void pool_sort_slots(struct lock_request *request);

/* Nobody is to take the promises of a request any more: it leaves, or has just been granted them.
 */
void pool_hide_promises(struct lock_request *request);
void pool_on_granted(struct pool_set *set, struct lock_request *request);

/* Among those that hold seats of the pool. */
void pool_index_holder(struct pool_tie *tie);
void pool_unindex_holder(struct pool_tie *tie);

/* Gives a held seat back; the slot has its lock still. */
void pool_release(struct lock_seat *slot);

/* A request has `seats` less to get or to have of a tie: its share and its limits' credit. */
void pool_discharge(struct pool_set *set, struct pool_tie *tie, uint32_t seats);

/* The hold limit of a request as its pools have it. */
void pool_limit_hold(struct lock_request *request);

/* Says that some candidate of a pool may be selected. */
void pool_set_ready(struct pool_set *set, struct pool *pool, bool is_ready);
tree_compare pool_compare_ready;

#endif
