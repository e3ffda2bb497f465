/* Limits of pools: what is counted, and who waits for it. */
#ifndef FARMLOCK_LOCK_POOL_COUNTER_H
#define FARMLOCK_LOCK_POOL_COUNTER_H

#include "pool_rules.h"
#include "pool_types.h"

tree_compare pool_counter_compare;       /* narrow to wide: the order in which credit is taken */
tree_compare pool_counter_compare_ready; /* the same, of ready_node */

/* The counter of a charge, made at first use, for one more request.  NULL with errno ENOMEM. */
struct pool_counter *pool_counter_get(struct pool_set *set, struct pool *pool,
                                      const struct pool_charge *charge);

/* The same for a request that a reload moves: it has a standing before, NULL for none, whose
 * counters know those that follow them, so that few are looked for. */
struct pool_counter *pool_counter_get_after(struct pool_set *set, struct pool *pool,
                                            const struct pool_charge *charge,
                                            const struct pool_standing *before);
void pool_counter_put(struct pool_set *set, struct pool_counter *counter);

/* Nobody is let through any more at those of a pool that goes away. */
void pool_counter_retire(struct pool_set *set, const struct pool *pool);

/* Frees one of such a pool, whoever has it still: that is only memory, too.  Returns false when
 * there is none. */
bool pool_counter_forget_one(struct pool_set *set, const struct pool *pool);

/* Where the limit was written. */
const struct pool_place *pool_counter_place(const struct pool_counter *counter);

/* Takes the credit of a request's next counters, as far as they have it; then it waits at that
 * which has not, or true is returned: it has all.  While the table is restoring it waits at the
 * first. */
bool pool_counter_advance(struct pool_set *set, struct pool_standing *standing);

/* Whether a request that stands nowhere would get the credit of all its counters. */
bool pool_counter_would_pass(const struct pool_standing *standing);

/* Ends the wait at a counter. */
void pool_counter_leave(struct pool_set *set, struct pool_standing *standing);

/* Lets those through that are the first at a counter and fit, narrow before wide, until one of them
 * has all its credit: that one.  NULL when there is none. */
struct pool_standing *pool_counter_let_through(struct pool_set *set);

/* Gives so many seats' credit of a tie back at each of its counters that has been taken. */
void pool_counter_give_back(struct pool_set *set, struct pool_standing *standing,
                            const struct pool_tie *tie, uint32_t seats);

/* What a request had credit for, it holds now. */
void pool_counter_note_grant(const struct pool_standing *standing);

/* Charges a tie of a holder, over the limit if so. */
void pool_counter_charge(struct pool_standing *standing);

#endif
