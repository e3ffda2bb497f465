/* Demands that name pools: which seats of which pool each group means, and what the rules say. */
#ifndef FARMLOCK_LOCK_POOL_DEMAND_H
#define FARMLOCK_LOCK_POOL_DEMAND_H

#include "pool_index.h"
#include "pool_rules.h"
#include "pool_types.h"
#include "request.h"

/* Which seats a group means: none, pool NULL, where it names single locks. */
struct pool_part {
    struct pool *pool;
    const uint32_t *seats; /* sorted, unless it is the whole pool */
    uint32_t seat_count;
    bool is_whole;
};

/* One pool of a demand. */
struct pool_claim {
    struct pool *pool;
    uint32_t amount;
    struct pool_verdict verdict;
};

/* Most demands are one group of a few names. */
enum { POOL_DEMAND_FEW = 8 };

/* A demand that names a pool or seats of one.  It borrows the ask, and stays where it is. */
struct pool_demand {
    const struct lock_ask *ask;
    struct pool_part *parts; /* one a group */
    uint32_t *seats;         /* of all parts */
    struct pool_claim *claims;
    size_t claim_count;
    struct lock_want singles; /* the names of all other groups, with the numbers of these */
    struct lock_ask single_ask;
    struct lock_group *single_groups;
    struct { /* what these four point to where there are few */
        struct pool_part part;
        uint32_t seats[POOL_DEMAND_FEW];
        struct pool_claim claim;
        struct lock_group single_group;
    } few;
};

/* Whether a demand names anything that is declared, and the first name that is not, or NULL. */
bool pool_demand_is_one(const struct pool_index *index, const struct lock_ask *ask,
                        const char **unknown);

/* Finds what a demand means, and checks it.  Returns LOCK_OUTCOME_GRANTED, for the caller to end
 * with pool_demand_fini(); else the fault, with *culprit where it is one of a name. */
enum lock_outcome pool_demand_init(struct pool_demand *demand, const struct pool_index *index,
                                   const struct lock_ask *ask, const char **culprit);
void pool_demand_fini(struct pool_demand *demand);

/* How many seats a request of it has: one for each single name, and each seat it wants of a pool.
 */
size_t pool_demand_seats(const struct pool_demand *demand);

/* Applies the rules of all its pools. */
void pool_demand_judge(struct pool_demand *demand, const struct pool_asker *asker);

bool pool_part_has(const struct pool_part *part, uint32_t seat);

#endif
