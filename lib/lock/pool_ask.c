/* Asking for seats of pools: what an owner has already, renewal, a new request.
 * Must not release anything. */
#include "pool_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "foresee.h"
#include "grant.h"
#include "keeping.h"
#include "pool_collect.h"
#include "pool_demand.h"
#include "pool_foresee.h"
#include "pool_grant.h"
#include "pool_index.h"
#include "pool_own.h"
#include "pool_rules.h"
#include "pool_seat.h"
#include "pool_standing.h"
#include "pool_unknown.h"
#include "query.h"
#include "renew.h"
#include "request.h"

static void detach_singles(struct lock_table *table, struct lock_request *request, uint32_t end)
{
    while (end-- > 0) {
        struct lock *lock = request->seats[end].lock;

        if (lock == NULL)
            continue;
        lock_seat_detach(&request->seats[end]);
        lock_forget_if_unused(table, lock);
    }
}

int pool_attach_singles(struct lock_table *table, struct lock_request *request,
                        const struct pool_demand *demand)
{
    uint32_t at = 0;
    size_t single = 0;

    for (uint32_t g = 0; g < request->group_count; g++) {
        for (uint32_t i = 0; demand->parts[g].pool != NULL && i < request->groups[g].needed; i++)
            request->seats[at++] = (struct lock_seat){.request = request, .group = g};
        for (; single < demand->singles.name_count && demand->singles.names[single].group == g;
             single++) {
            const struct lock_want_name *name = &demand->singles.names[single];
            struct lock *lock = lock_find(table, name->name);

            if (lock == NULL)
                lock = lock_create(table, name->name);
            if (lock == NULL) {
                detach_singles(table, request, at);
                return -1;
            }
            request->seats[at] = (struct lock_seat){.request = request, .group = g};
            lock_seat_attach(&request->seats[at++], lock);
        }
    }
    return 0;
}

void pool_request_destroy(struct lock_table *table, struct lock_request *request)
{
    detach_singles(table, request, request->seat_count);
    pool_standing_destroy(table->pools, request->pooled);
    lock_request_destroy(request);
}

void pool_set_order(struct pool_standing *standing, int64_t asked_ms)
{
    standing->asked_ms = asked_ms;
    for (uint32_t i = 0; i < standing->tie_count; i++)
        standing->ties[i].order_ms += asked_ms;
}

int64_t pool_clamp_asked(struct pool_set *set, int64_t asked_ms)
{
    if (set->latest_asked_ms < asked_ms)
        set->latest_asked_ms = asked_ms;
    return set->latest_asked_ms;
}

struct lock_request *pool_request_create(struct lock_table *table, const struct pool_demand *demand)
{
    struct lock_request *request =
        lock_request_create_for(table->pools, demand->ask, pool_demand_seats(demand));

    if (request == NULL)
        return NULL;
    request->pooled = pool_standing_create(table->pools, request, demand);
    if (request->pooled == NULL || pool_attach_singles(table, request, demand) != 0) {
        pool_standing_destroy(table->pools, request->pooled);
        lock_request_destroy(request);
        return NULL;
    }
    pool_limit_hold(request);
    return request;
}

static struct lock_result renew_held(struct lock_table *table, const struct pool_demand *demand,
                                     struct lock_request *first, int64_t now_ms)
{
    struct lock_result result = {
        .outcome = LOCK_OUTCOME_GRANTED, .request = first, .is_again = true};
    struct pool_cursor cursor = {0};
    struct lock_request *held;

    if (table->foresee != NULL)
        return lock_foresee_tell(table, first, LOCK_OUTCOME_GRANTED);
    table->renewal++;
    while ((held = pool_next_held(demand, &cursor)) != NULL) {
        if (held->renewal == table->renewal)
            continue;
        if (lock_request_renew(table, held, demand->ask, now_ms) != 0)
            return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
        held->renewal = table->renewal;
    }
    return result;
}

/* Whether one that is away would be granted at this moment if it came back. */
static bool could_be_granted(const struct lock_request *request)
{
    struct lock_rule_fault fault;

    return request->pooled->stage == POOL_STANDS_NOWHERE && !pool_find_aside(request, &fault) &&
           pool_can_collect_one(request);
}

static struct lock_result renew_waiting(struct lock_table *table, const struct pool_demand *demand,
                                        struct lock_request *request, int64_t now_ms)
{
    struct lock_result result = {.outcome = LOCK_OUTCOME_REFUSED};
    bool is_there = request->away ? could_be_granted(request) : lock_request_is_complete(request);

    if (table->foresee != NULL)
        return lock_foresee_tell(table, request,
                                 is_there ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED);
    if (!demand->ask->wait && !is_there)
        return result;
    if (lock_request_renew(table, request, demand->ask, now_ms) != 0) {
        result.outcome = LOCK_OUTCOME_NO_MEMORY;
        return result;
    }
    result.request = request;
    result.outcome = request->state == LOCK_HELD ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED;
    return result;
}

/* Lets a new request in: it is granted, or waits. */
static struct lock_result let_in(struct lock_table *table, struct lock_request *request,
                                 int64_t now_ms)
{
    struct lock_result result = {.outcome = LOCK_OUTCOME_GRANTED, .request = request};

    request->ticket = table->next_ticket++;
    request->asked_ms = now_ms;
    request->last_asked_ms = now_ms;
    lock_request_index(table, request);
    pool_standing_tie(table->pools, request->pooled);
    tree_insert(&table->waiting, &request->ticket_node);
    pool_enter(table, request);
    lock_request_grant_if_ready(table, request, now_ms);
    pool_settle(table, now_ms);
    if (request->state == LOCK_WAITING) {
        lock_table_emit(table, LOCK_EVENT_QUEUED, LOCK_REASON_NONE, request, now_ms);
        result.outcome = LOCK_OUTCOME_QUEUED;
    }
    return result;
}

static struct lock_result refuse_by_rule(struct pool_set *set, const struct lock_rule_fault *fault)
{
    set->fault = *fault;
    return (struct lock_result){.outcome = LOCK_OUTCOME_RULE, .rule = &set->fault};
}

/* Who only looks moves no clock on. */
static int64_t clamped(const struct lock_table *table, int64_t now_ms)
{
    int64_t latest_ms = table->pools->latest_asked_ms;

    if (table->foresee == NULL)
        return pool_clamp_asked(table->pools, now_ms);
    return latest_ms > now_ms ? latest_ms : now_ms;
}

static struct lock_result add_request(struct lock_table *table, const struct pool_demand *demand,
                                      int64_t now_ms)
{
    struct lock_request *request = pool_request_create(table, demand);
    struct lock_rule_fault fault;
    struct lock_result result;
    bool is_aside;

    if (request == NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    request->ticket = table->next_ticket;
    pool_set_order(request->pooled, clamped(table, now_ms));
    is_aside = pool_find_aside(request, &fault);
    if (is_aside && fault.rule != LOCK_RULE_OUTSIDE) {
        pool_request_destroy(table, request);
        return refuse_by_rule(table->pools, &fault);
    }
    if (table->foresee != NULL) {
        result = pool_foresee(table, request, now_ms);
        pool_request_destroy(table, request);
        return result;
    }
    if (!demand->ask->wait && (is_aside || !pool_has_all_free(request))) {
        pool_request_destroy(table, request);
        return (struct lock_result){.outcome = LOCK_OUTCOME_REFUSED};
    }
    if (lock_keep_prepare(table, request, demand->ask) != 0) {
        pool_request_destroy(table, request);
        return (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    }
    lock_keep_adopt(table, request, demand->ask);
    return let_in(table, request, now_ms);
}

static bool is_refused(const struct pool_demand *demand, struct lock_rule_fault *fault)
{
    for (size_t i = 0; i < demand->claim_count; i++) {
        const struct pool_claim *claim = &demand->claims[i];
        const struct pool_config *config = claim->pool->config;
        bool denied = claim->verdict.refused == LOCK_RULE_DENY;
        const struct pool_place *at = denied ? &config->deny_at : &config->allow_at;

        if (claim->verdict.refused == LOCK_RULE_NONE)
            continue;
        *fault = (struct lock_rule_fault){.rule = claim->verdict.refused,
                                          .pool = claim->pool->name,
                                          .file = at->file,
                                          .line = at->line,
                                          .wanted = claim->amount};
        return true;
    }
    return false;
}

static struct lock_result ask_checked(struct lock_table *table, struct pool_demand *demand,
                                      int64_t now_ms)
{
    struct pool_asker asker = pool_asker_of_ask(demand->ask);
    struct lock_rule_fault fault;
    struct lock_own own;

    lock_want_find_locks(&demand->singles, table);
    own = pool_find_own(demand);
    if (own.covered)
        return renew_held(table, demand, own.held, now_ms);
    if (own.held != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_HAS_PART, .name = own.held_name};
    if (own.same_wait)
        return renew_waiting(table, demand, own.waiting, now_ms);
    if (own.waiting != NULL)
        return (struct lock_result){.outcome = LOCK_OUTCOME_WAITS, .name = own.waiting_name};
    pool_demand_judge(demand, &asker);
    if (is_refused(demand, &fault))
        return refuse_by_rule(table->pools, &fault);
    return add_request(table, demand, now_ms);
}

/* The owner waits for a name that no pool has at present.  Returns false when it does not. */
static bool ask_again_unknown(struct lock_table *table, const struct lock_ask *ask, int64_t now_ms,
                              struct lock_result *result)
{
    const char *name;
    struct lock_request *request = pool_unknown_find_any(table->pools, ask, &name);

    if (request == NULL)
        return false;
    *result = (struct lock_result){.outcome = LOCK_OUTCOME_WAITS, .name = name};
    if (!pool_unknown_is_same(request, ask))
        return true;
    if (table->foresee != NULL) {
        *result = lock_foresee_tell(table, request, LOCK_OUTCOME_QUEUED);
        return true;
    }
    *result = (struct lock_result){.outcome = LOCK_OUTCOME_REFUSED};
    if (!ask->wait)
        return true;
    *result = (struct lock_result){.outcome = LOCK_OUTCOME_QUEUED, .request = request};
    if (lock_request_renew(table, request, ask, now_ms) != 0)
        *result = (struct lock_result){.outcome = LOCK_OUTCOME_NO_MEMORY};
    return true;
}

bool pool_ask(struct lock_table *table, const struct lock_ask *ask, int64_t now_ms,
              struct lock_result *result)
{
    const struct pools_config *config = table->pools->config;
    const struct pool_index *index = pool_index_of(table);
    struct pool_demand demand;
    const char *unknown;
    bool is_one = pool_demand_is_one(index, ask, &unknown);

    *result = (struct lock_result){0};
    if (tree_count(&table->pools->unknown) > 0 && ask_again_unknown(table, ask, now_ms, result))
        return true;
    if (unknown != NULL && config != NULL && config->refuse_unknown) {
        result->outcome = LOCK_OUTCOME_UNKNOWN;
        result->name = unknown;
        return true;
    }
    if (!is_one)
        return false;
    result->outcome = pool_demand_init(&demand, index, ask, &result->name);
    if (result->outcome != LOCK_OUTCOME_GRANTED)
        return true;
    *result = ask_checked(table, &demand, now_ms);
    pool_demand_fini(&demand);
    return true;
}
