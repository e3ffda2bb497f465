/* Who is next for a seat of a pool: the grant rule of README.md. */
#ifndef FARMLOCK_LOCK_POOL_GRANT_H
#define FARMLOCK_LOCK_POOL_GRANT_H

#include "pool_types.h"

/* Why a request could not be served if nobody held anything.  Returns false where it could. */
bool pool_find_aside(const struct lock_request *request, struct lock_rule_fault *fault);

/* Puts a request that stands nowhere where it belongs: aside, at a counter, among the candidates,
 * or among the selected.  What comes of it is for pool_settle(). */
void pool_enter(struct lock_table *table, struct lock_request *request);

/* Takes it out of there; what it was promised it has still, and nobody may take it. */
void pool_stand_nowhere(struct lock_table *table, struct lock_request *request);

/* Makes a candidate of the first that waits at a counter and fits.  Returns false for none. */
bool pool_let_one_through(struct pool_set *set);

/* Whether one of its pools would select a candidate before all others at this moment. */
bool pool_would_select(const struct lock_request *request);

/* A seat has come free: it goes to the selected, or else a candidate may be selected. */
void pool_serve(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms);

/* Ends promises, the last ticket first, while there is less free than is reserved and outside. */
void pool_mend(struct lock_table *table, struct pool *pool);

/* Does all that follows from a change, until nobody moves any more. */
void pool_settle(struct lock_table *table, int64_t now_ms);

#endif
