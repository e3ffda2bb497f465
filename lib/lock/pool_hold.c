/* Grants that were made before the pools were as they are.
 * Must not change who has a seat. */
#include "pool_hold.h"

#include <errno.h>
#include <stdlib.h>

#include "pool_counter.h"
#include "pool_demand.h"
#include "pool_seat.h"
#include "pool_share.h"
#include "pool_standing.h"

struct pool_standing *pool_hold_create(struct pool_set *set, struct lock_request *request,
                                       const struct pool_holding *holdings, size_t count,
                                       const struct pool_asker *asker)
{
    const struct lock_ask nothing = {.owner = request->owner};
    struct pool_demand demand = {.ask = &nothing, .claim_count = count};
    struct pool_standing *standing;

    demand.claims = calloc(count, sizeof *demand.claims);
    if (demand.claims == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        demand.claims[i].pool = holdings[i].pool;
        demand.claims[i].amount = holdings[i].seats;
    }
    pool_demand_judge(&demand, asker);
    standing = pool_standing_create(set, request, &demand);
    free(demand.claims);
    return standing;
}

static void count_seats(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];
        struct pool_tie *tie;

        if (seat->state != LOCK_SEAT_HELD || seat->lock->pool == NULL)
            continue;
        tie = pool_tie_of(request, seat->lock->pool);
        tie->taken++;
        tie->pool->held++;
        tie->pool->classes[tie->reserve_class].taken++;
    }
}

void pool_hold_enter(struct pool_set *set, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;

    standing->stage = POOL_SELECTED;
    pool_standing_tie(set, standing);
    count_seats(request);
    pool_counter_charge(standing);
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool_tie *tie = &standing->ties[i];

        if (tie->share != NULL) {
            pool_share_add_use(tie->share, tie->amount);
            tie->share->held += tie->amount;
        }
        pool_index_holder(tie);
    }
}

void pool_hold_leave(struct pool_set *set, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool_tie *tie = &standing->ties[i];

        pool_unindex_holder(tie);
        tie->pool->held -= tie->taken;
        tie->pool->classes[tie->reserve_class].taken -= tie->taken;
        pool_discharge(set, tie, tie->amount);
    }
    pool_standing_untie(set, standing);
    pool_standing_destroy(set, standing);
    request->pooled = NULL;
}
