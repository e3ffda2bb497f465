/* Pools as they stand: use outside, lists, and why somebody waits.
 * Must not grant anything itself. */
#include "pools.h"

#include <string.h>

#include "keep.h"
#include "offline.h"
#include "pool_counter.h"
#include "pool_end.h"
#include "pool_grant.h"
#include "pool_offline.h"
#include "pool_query.h"
#include "pool_seat.h"
#include "pool_tree.h"
#include "query.h"

bool lock_table_set_outside(struct lock_table *table, const char *name, uint32_t seats,
                            int64_t now_ms)
{
    struct pool *pool = pool_named(table, name);

    if (pool == NULL)
        return false;
    pool->outside = seats;
    pool_look_at(table, pool, 0, now_ms);
    return true;
}

void lock_table_restored(struct lock_table *table, int64_t now_ms)
{
    if (table->pools != NULL)
        pool_resume(table, now_ms);
}

bool lock_table_is_pool(const struct lock_table *table, const char *name)
{
    return pool_named(table, name) != NULL;
}

const struct pool_config *lock_table_pool_of(const struct lock_table *table, const char *name)
{
    const struct pool *pool = pool_named(table, name);
    const struct lock *seat =
        pool == NULL && table->pools != NULL ? pool_seat_named(table, name) : NULL;

    if (seat != NULL)
        pool = seat->pool;
    return pool != NULL ? pool->config : NULL;
}

const struct pool_config *lock_seat_pool(const struct lock_seat *seat)
{
    return seat->lock != NULL && seat->lock->pool != NULL ? seat->lock->pool->config : NULL;
}

const struct pool_config *lock_request_pool(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    return standing != NULL && standing->tie_count > 0 ? standing->ties[0].pool->config : NULL;
}

const char *pool_project(const struct pool_config *pool, const char *said)
{
    return said == NULL && pool != NULL ? pool->project : said;
}

static void note_holder(struct pool_state *state, const struct pool_tie *tie)
{
    const struct lock_claimant *process = tie->request->process;
    uint32_t held = tie->taken;

    if (process->person != NULL)
        held = process->person->held += tie->taken;
    if (held <= state->most_held)
        return;
    state->most_held = held;
    state->most = process->person != NULL ? process->person->user : tie->request->owner;
}

static void look_at_holders(const struct pool *pool, struct pool_state *state)
{
    const struct tree_node *node;

    for (node = tree_first(&pool->holders); node != NULL; node = tree_next(&pool->holders, node)) {
        const struct pool_tie *tie = tree_entry(node, const struct pool_tie, holder_node);

        if (tie->request->process->person != NULL)
            tie->request->process->person->held = 0;
    }
    for (node = tree_first(&pool->holders); node != NULL; node = tree_next(&pool->holders, node))
        note_holder(state, tree_entry(node, const struct pool_tie, holder_node));
}

/* Who waits longest, and who has most. */
static void look_at_people(const struct pool *pool, struct pool_state *state)
{
    const struct tree_node *node;

    for (node = tree_first(&pool->by_owner); node != NULL;
         node = tree_next(&pool->by_owner, node)) {
        const struct lock_request *request =
            tree_entry(node, const struct pool_tie, owner_node)->request;

        if (request->state == LOCK_WAITING && request->asked_ms < state->oldest_ms)
            state->oldest_ms = request->asked_ms;
    }
    look_at_holders(pool, state);
}

bool lock_table_next_pool(const struct lock_table *table, size_t *index, struct pool_state *state)
{
    const struct pool *pool;

    if (table->pools == NULL || *index >= table->pools->pool_count)
        return false;
    pool = table->pools->pools[(*index)++];
    *state = (struct pool_state){
        .name = pool->name,
        .config = pool->config,
        .total = pool->size,
        .leaving = pool->leaving,
        .held = pool->held,
        .promised = pool->promised,
        .offline = pool->offline_count,
        .outside = pool_outside(pool),
        .free = pool->free,
        .waiting = pool->waiting,
        .oldest_ms = INT64_MAX,
    };
    for (uint32_t i = 1; i < pool->class_count; i++)
        state->reserved += (uint32_t)pool_unmet(pool, i);
    look_at_people(pool, state);
    return true;
}

bool lock_table_next_class(const struct lock_table *table, const char *name, const char *last,
                           struct pool_class_state *state)
{
    const struct pool *pool = pool_named(table, name);
    const struct tree_node *node = pool != NULL ? tree_first(&pool->shares) : NULL;

    for (; node != NULL; node = tree_next(&pool->shares, node)) {
        const struct pool_share *share = tree_entry(node, const struct pool_share, value_node);

        if (share->is_idle || (last != NULL && strcmp(share->value, last) <= 0))
            continue;
        *state = (struct pool_class_state){.value = share->value,
                                           .weight = share->weight,
                                           .use = share->use,
                                           .waiting = share->candidates};
        return true;
    }
    return false;
}

static void explain_limit(const struct pool_standing *standing, struct lock_reason_to_wait *reason)
{
    const struct pool_counter *counter = standing->credits[standing->credits_taken].counter;

    reason->why = LOCK_WHY_LIMIT;
    reason->rule = counter->kind;
    reason->name = counter->pool->name;
    reason->value = counter->value[0] != '\0' ? counter->value : NULL;
    reason->at = *pool_counter_place(counter);
    reason->a = counter->held;
    reason->b = counter->limit;
    reason->c = counter->used - counter->held;
}

static void explain_aside(const struct pool_standing *standing, struct lock_reason_to_wait *reason)
{
    const struct lock_rule_fault *fault = &standing->aside;
    const char *offline = pool_offline_in_the_way(standing->request);

    reason->rule = fault->rule;
    if (offline != NULL) {
        reason->why = LOCK_WHY_OFFLINE;
        reason->name = offline;
        return;
    }
    reason->why = LOCK_WHY_ASIDE;
    reason->name = fault->pool;
    reason->at = (struct pool_place){fault->file, fault->line};
    reason->a = fault->wanted;
    reason->b = fault->most;
}

/* Free seats that are not for this request.  Returns false when that is not why it waits. */
static bool explain_room(const struct pool_tie *tie, struct lock_reason_to_wait *reason)
{
    const struct pool *pool = tie->pool;

    if (!pool->keeps_room || pool->free == 0 || pool_room(pool, tie->reserve_class) >= 1)
        return false;
    reason->name = pool->name;
    reason->why = LOCK_WHY_OUTSIDE;
    reason->a = pool_outside(pool);
    reason->at = pool->config->at;
    for (uint32_t i = pool->class_count - 1; i > 0; i--) {
        uint32_t unmet = i != tie->reserve_class ? (uint32_t)pool_unmet(pool, i) : 0;

        if (unmet == 0)
            continue;
        reason->a = unmet + (reason->why == LOCK_WHY_RESERVE ? reason->a : 0);
        reason->why = LOCK_WHY_RESERVE;
        reason->at = pool->config->reserves[i - 1].at;
    }
    return true;
}

static bool explain_share(const struct pool_tie *tie, struct lock_reason_to_wait *reason)
{
    if (tie->share == NULL || !tie->pool->config->share.is_set)
        return false;
    reason->why = LOCK_WHY_SHARE;
    reason->name = tie->pool->name;
    reason->value = tie->share->value;
    reason->a = tie->share->held;
    reason->b = tie->share->weight;
    reason->c = tie->share->use - tie->share->held;
    reason->at = tie->pool->config->share.at;
    return true;
}

static bool explain_offline(const struct lock_request *request, struct lock_reason_to_wait *reason)
{
    const char *name = lock_offline_in_the_way(request);

    if (name == NULL)
        return false;
    reason->why = LOCK_WHY_OFFLINE;
    reason->name = name;
    return true;
}

static bool explain_collecting(const struct lock_request *request,
                               struct lock_reason_to_wait *reason)
{
    for (uint32_t g = 0; g < request->group_count; g++) {
        reason->a += request->groups[g].taken;
        reason->b += request->groups[g].needed;
    }
    reason->why = LOCK_WHY_COLLECTING;
    return reason->a > 0;
}

static void explain_seats(const struct lock_request *request, struct lock_reason_to_wait *reason)
{
    const struct pool_standing *standing = request->pooled;

    reason->why = LOCK_WHY_SEATS;
    reason->a = reason->b = 0;
    if (standing != NULL && standing->tie_count > 0) {
        reason->name = standing->ties[0].pool->name;
        reason->a = standing->ties[0].pool->held;
    }
}

static void explain_pooled(const struct lock_request *request, struct lock_reason_to_wait *reason)
{
    const struct pool_standing *standing = request->pooled;

    if (standing->stage == POOL_HELD_BACK) {
        explain_limit(standing, reason);
        return;
    }
    if (standing->stage == POOL_ASIDE) {
        explain_aside(standing, reason);
        return;
    }
    if (explain_offline(request, reason) ||
        (standing->stage == POOL_SELECTED && explain_collecting(request, reason)))
        return;
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        if (explain_room(&standing->ties[i], reason) ||
            (standing->stage == POOL_CANDIDATE && explain_share(&standing->ties[i], reason)))
            return;
    }
    explain_seats(request, reason);
}

/* Who has had it, and how long it is not to be had for that. */
static void explain_kept(const struct lock_table *table, const struct lock_request *blocker,
                         struct lock_reason_to_wait *reason)
{
    struct lock_keep_state keep;

    if (reason->why != LOCK_WHY_SEATS || blocker == NULL || !blocker->is_kept ||
        !lock_table_keep(table, blocker, &keep))
        return;
    reason->why = LOCK_WHY_KEPT;
    reason->value = blocker->owner;
    reason->until_ms = keep.until_boot ? INT64_MAX : keep.until_ms;
}

void lock_table_explain(const struct lock_table *table, const struct lock_request *request,
                        struct lock_reason_to_wait *reason)
{
    const struct lock_request *blocker;

    *reason = (struct lock_reason_to_wait){.place = lock_table_position(table, request)};
    reason->of = lock_table_waiter_count(table);
    blocker = lock_table_blocker(table, request, &reason->name);
    if (request->pooled != NULL)
        pool_place(table, request, &reason->of);
    if (request->away)
        reason->why = LOCK_WHY_AWAY;
    else if (request->pooled != NULL)
        explain_pooled(request, reason);
    else if (!explain_offline(request, reason) && !explain_collecting(request, reason))
        explain_seats(request, reason);
    explain_kept(table, blocker, reason);
}
