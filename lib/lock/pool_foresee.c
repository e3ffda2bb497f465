/* What would come of a request that has to do with pools.
 * Must not leave anything as it was not before, but what the next request would change the same
 * way.
 */
#include "pool_foresee.h"

#include "foresee.h"
#include "grant.h"
#include "pool_collect.h"
#include "pool_grant.h"
#include "pool_seat.h"
#include "pool_share.h"
#include "pool_standing.h"

static void add_use(const struct pool_standing *standing)
{
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        if (standing->ties[i].share != NULL)
            pool_share_add_use(standing->ties[i].share, standing->ties[i].amount);
    }
}

/* The last ticket robs nobody, and nobody else has come into a better place by its coming: if
 * somebody is let through or selected, it is this one.  Its class moves on in use, which can be
 * given back, and not in turns. */
static void enter(struct lock_table *table, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;

    pool_enter(table, request);
    pool_let_one_through(table->pools);
    if (standing->stage != POOL_CANDIDATE || !pool_would_select(request))
        return;
    pool_stand_nowhere(table, request);
    standing->stage = POOL_SELECTED;
    add_use(standing);
    pool_collect(table, request);
}

static void end_promises(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];

        if (seat->state != LOCK_SEAT_PROMISED)
            continue;
        if (seat->lock->pool != NULL) {
            pool_end_hidden_promise(seat);
            continue;
        }
        seat->lock->taken = NULL;
        seat->state = LOCK_SEAT_NONE;
    }
}

static void leave(struct lock_table *table, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;
    bool was_charged = standing->stage == POOL_SELECTED && standing->has_rules;

    pool_stand_nowhere(table, request);
    end_promises(request);
    pool_standing_give_back(table->pools, standing, was_charged);
}

struct lock_result pool_foresee(struct lock_table *table, struct lock_request *request,
                                int64_t now_ms)
{
    struct lock_result result;
    bool is_complete;

    request->asked_ms = now_ms;
    tree_insert(&table->waiting, &request->ticket_node);
    enter(table, request);
    is_complete = lock_request_is_complete(request);
    result =
        lock_foresee_tell(table, request, is_complete ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED);
    tree_remove(&table->waiting, &request->ticket_node);
    leave(table, request);
    return result;
}
