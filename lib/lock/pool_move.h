/* Requests that a reload moves: what each is to be, made before anything changes, and the move. */
#ifndef FARMLOCK_LOCK_POOL_MOVE_H
#define FARMLOCK_LOCK_POOL_MOVE_H

#include "pool_demand.h"
#include "pool_types.h"

/* A waiting request: its new standing, NULL where it has nothing to do with pools any more, and its
 * new seats, whose locks it is to be tied to.  Or a grant, which keeps its seats. */
struct pool_move {
    struct lock_request *request;
    struct pool_standing *standing;
    struct lock_seat *seats;
    uint32_t seat_count;
    int64_t asked_ms;              /* for its order */
    bool keeps_seats;              /* it wants as many of pools as before, and nothing else */
    bool is_early;                 /* no lock is made for it */
    struct pool_standing *dropped; /* that before, which stands where all goes away */
};

/* Prepares the move of a request to the pools of an index.  Returns -1 with errno ENOMEM, and there
 * is nothing to free; but locks that nobody uses may be left in the table. */
int pool_move_prepare_waiting(struct lock_table *table, const struct pool_index *index,
                              struct lock_request *request, struct pool_move *move);
int pool_move_prepare_held(struct lock_table *table, const struct pool_index *index,
                           struct lock_request *request, struct pool_move *move);

/* Makes what a request that waits for pools only is to have instead of its standing, as long as
 * nothing changes of who asks; NULL where it is to have seats too, or none.  Leaves no locks.
 * Returns -1 with errno ENOMEM. */
int pool_move_prepare_early(struct lock_table *table, const struct pool_index *index,
                            struct lock_request *request, struct pool_standing **standing);

/* Prepares a waiting request to be set aside instead, by its words.  Returns -1 likewise. */
int pool_move_prepare_aside(struct lock_table *table, struct pool_move *move, enum lock_rule rule);

/* Frees what was prepared. */
void pool_move_cancel(struct lock_table *table, struct pool_move *move);

/* Whether a waiting request has nothing but its places in pools that go away, or a grant nothing
 * but seats of such pools, which it keeps: then it need not be
 * taken out of each, and its standing is only memory when they are gone. */
bool pool_move_may_drop(const struct lock_request *request);

/* Whether a waiting request stands at a single lock, or in a pool that stays. */
bool pool_move_concerns_others(const struct lock_request *request);

/* Takes a request out of everything, without giving anything to anybody; a grant keeps its seats.
 */
void pool_move_out(struct lock_table *table, struct lock_request *request);

/* Puts it into its new place, with the new standing already, while the table is restoring. */
void pool_move_in(struct lock_table *table, const struct pool_move *move);

#endif
