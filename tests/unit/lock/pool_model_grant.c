/* The model of pools: the grant rule.
 * Must not share code or ideas with lib/lock: arrays and scans only. */
#include <assert.h>
#include <string.h>

#include "lock/pool_share.h"
#include "pool_model.h"

static bool before(const struct pm_request *a, int64_t order_a, const struct pm_request *b,
                   int64_t order_b)
{
    return order_a != order_b ? order_a < order_b : a->ticket < b->ticket;
}

void pm_grant_if_full(struct pool_model *model, struct pm_request *request)
{
    if (request->state != LOCK_WAITING || !request->present || !pm_is_full(request))
        return;
    for (int name = 0; name < PM_NAMES; name++)
        if (model->locks[name].ticket == request->ticket)
            model->locks[name].is_held = true;
    request->state = LOCK_HELD;
    request->token = model->next_token++;
    request->granted_ms = model->now_ms;
    pm_begin_keep(request);
    if (request->hold_ms > 0)
        request->deadline_ms = model->now_ms + request->hold_ms;
    pm_report(model, LOCK_EVENT_GRANTED, request, -1);
}

void pm_promise(struct pool_model *model, struct pm_request *request, int group, int name)
{
    struct pm_group *it = &request->groups[group];

    assert(model->locks[name].ticket == 0);
    model->locks[name].ticket = request->ticket;
    model->locks[name].is_held = false;
    model->locks[name].group = group;
    it->taken++;
    if (it->taken == it->needed)
        it->is_queued = false;
}

void pm_end_promise(struct pool_model *model, int name)
{
    struct pm_request *request = pm_by_ticket(model, model->locks[name].ticket);

    request->groups[model->locks[name].group].taken--;
    model->locks[name].ticket = 0;
}

/* One that a lower ticket may take. */
bool pm_is_promise(struct pool_model *model, int name)
{
    const struct pm_request *request = pm_by_ticket(model, model->locks[name].ticket);

    return request != NULL && request->state == LOCK_WAITING && request->stage == PM_SELECTED &&
           !model->locks[name].is_held;
}

static bool goes_first(const struct pool_model *model, int pool, int name, int best)
{
    if (best < 0)
        return true;
    if (model->pools[pool].config->seat_order == POOL_LONGEST_UNUSED_FIRST &&
        model->locks[name].released != model->locks[best].released)
        return model->locks[name].released < model->locks[best].released;
    return name < best;
}

int pm_find_free(struct pool_model *model, const struct pm_request *request,
                 const struct pm_group *group)
{
    int best = -1;

    if (group->pool >= 0 && pm_keeps_room(model, group->pool) &&
        pm_room(model, group->pool,
                pm_tie((struct pm_request *)request, group->pool)->reserve_class) < 1)
        return -1;
    for (int i = 0; i < group->set_count; i++) {
        int name = group->set[i];

        if (group->pool < 0 && pm_is_there(model, name))
            return name;
        if (group->pool >= 0 && pm_is_free(model, name) &&
            goes_first(model, group->pool, name, best))
            best = name;
    }
    return best;
}

/* Whether the end of the promise leaves room for the class. */
static bool leaves_room(struct pool_model *model, int pool, int mine, int name)
{
    struct pm_lock was = model->locks[name];
    int room;

    if (!pm_keeps_room(model, pool))
        return true;
    model->locks[name].ticket = 0;
    room = pm_room(model, pool, mine);
    model->locks[name] = was;
    return room >= 1;
}

static int find_promise(struct pool_model *model, struct pm_request *request,
                        const struct pm_group *group)
{
    uint64_t last = request->ticket;
    int best = -1;

    for (int i = 0; i < group->set_count; i++) {
        int name = group->set[i];

        if (!pm_is_promise(model, name) || model->locks[name].ticket <= last)
            continue;
        if (group->pool >= 0 &&
            !leaves_room(model, group->pool, pm_tie(request, group->pool)->reserve_class, name))
            continue;
        last = model->locks[name].ticket;
        best = name;
    }
    return best;
}

void pm_collect(struct pool_model *model, struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++) {
        struct pm_group *group = &request->groups[g];

        while (group->taken < group->needed) {
            int name = pm_find_free(model, request, group);

            if (name < 0) {
                name = find_promise(model, request, group);
                if (name < 0)
                    break;
                pm_by_ticket(model, model->locks[name].ticket)->is_looking = true;
                pm_end_promise(model, name);
                model->robbed++;
            }
            pm_promise(model, request, g, name);
        }
        group->is_queued = group->taken < group->needed;
    }
}

void pm_come_back(struct pool_model *model, struct pm_request *request)
{
    if (request->tie_count > 0 || request->is_unknown) {
        pm_enter(model, request);
        return;
    }
    request->stage = PM_SELECTED;
    pm_collect(model, request);
}

bool pm_could_collect(struct pool_model *model, struct pm_request *request)
{
    return pm_find_free(model, request, &request->groups[0]) >= 0 ||
           find_promise(model, request, &request->groups[0]) >= 0;
}

void pm_queue_all(struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++)
        request->groups[g].is_queued = true;
}

static bool fits(struct pool_model *model, struct pm_request *request)
{
    const struct pm_credit *credit = &request->credits[request->credits_taken];

    return pm_used(model, credit) + (uint32_t)pm_amount(model, request, credit->pool) <=
           credit->limit;
}

bool pm_is_same_counter(const struct pm_credit *a, const struct pm_credit *b)
{
    return a->kind == b->kind && a->pool == b->pool && a->line == b->line &&
           strcmp(a->value, b->value) == 0;
}

/* Who waits at a counter and goes first there. */
static struct pm_request *first_at(struct pool_model *model, const struct pm_credit *credit)
{
    struct pm_request *first = NULL;

    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->state != LOCK_WAITING || request->stage != PM_HELD_BACK ||
            !pm_is_same_counter(&request->credits[request->credits_taken], credit))
            continue;
        if (first == NULL || before(request, pm_tie(request, credit->pool)->order_ms, first,
                                    pm_tie(first, credit->pool)->order_ms))
            first = request;
    }
    return first;
}

bool pm_would_pass(struct pool_model *model, struct pm_request *request)
{
    int taken = request->credits_taken;
    bool passes = true;

    for (request->credits_taken = 0; request->credits_taken < request->credit_count;
         request->credits_taken++) {
        const struct pm_credit *credit = &request->credits[request->credits_taken];
        struct pm_request *first = first_at(model, credit);
        int now = request->credits_taken;

        /* What it has not taken yet does not count. */
        request->credits_taken = 0;
        passes &= pm_used(model, credit) + (uint32_t)pm_amount(model, request, credit->pool) <=
                      credit->limit &&
                  (first == NULL || before(request, pm_tie(request, credit->pool)->order_ms, first,
                                           pm_tie(first, credit->pool)->order_ms));
        request->credits_taken = now;
    }
    request->credits_taken = taken;
    return passes;
}

/* A class that had no candidate starts at the pool's time. */
static void start_classes(struct pool_model *model, const struct pm_request *request)
{
    for (int i = 0; i < request->tie_count; i++) {
        const struct pm_tie *tie = &request->ties[i];
        struct pm_pool *pool = &model->pools[tie->pool];
        bool has_candidate = false;

        if (!pool_rules_any(pool->config))
            continue;
        for (int k = 0; k < model->request_count; k++) {
            struct pm_request *other = &model->requests[k];
            struct pm_tie *its =
                other != request && other->state == LOCK_WAITING && other->stage == PM_CANDIDATE
                    ? pm_tie(other, tie->pool)
                    : NULL;

            has_candidate |= its != NULL && strcmp(its->share, tie->share) == 0;
        }
        if (!has_candidate && pm_share(model, tie->pool, tie->share)->pass < pool->virtual_time)
            pm_share(model, tie->pool, tie->share)->pass = pool->virtual_time;
    }
}

void pm_enter(struct pool_model *model, struct pm_request *request)
{
    enum lock_rule rule;

    if (request->is_unknown)
        return;
    if (pm_is_aside(model, request, &rule)) {
        request->stage = PM_ASIDE;
        model->set_aside++;
    } else if (!request->has_rules) {
        request->stage = PM_SELECTED;
        if (model->is_restoring)
            pm_queue_all(request);
        else
            pm_collect(model, request);
    } else if (request->credit_count > 0) {
        request->stage = PM_HELD_BACK;
        request->credits_taken = 0;
    } else {
        start_classes(model, request);
        request->stage = PM_CANDIDATE;
    }
}

/* The first, narrow to wide, whose first fits. */
static bool let_one_through(struct pool_model *model)
{
    struct pm_request *best = NULL;
    const struct pm_credit *at = NULL;

    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];
        const struct pm_credit *credit = &request->credits[request->credits_taken];

        if (request->state != LOCK_WAITING || request->stage != PM_HELD_BACK ||
            first_at(model, credit) != request || !fits(model, request))
            continue;
        if (best != NULL && !pm_charge_before(credit, at, model))
            continue;
        best = request;
        at = credit;
    }
    if (best == NULL)
        return false;
    best->credits_taken++;
    if (best->credits_taken == best->credit_count) {
        start_classes(model, best);
        best->stage = PM_CANDIDATE;
    }
    return true;
}

/* Whether a candidate may be selected by this pool now. */
static bool is_eligible(struct pool_model *model, struct pm_request *request, int pool)
{
    struct pm_tie *tie = pm_tie(request, pool);

    if (request->state != LOCK_WAITING || request->stage != PM_CANDIDATE || tie == NULL)
        return false;
    if (pm_keeps_room(model, pool) && pm_room(model, pool, tie->reserve_class) < 1)
        return false;
    for (int g = 0; g < request->group_count; g++)
        for (int i = 0; request->groups[g].pool == pool && i < request->groups[g].set_count; i++)
            if (pm_is_free(model, request->groups[g].set[i]))
                return true;
    return false;
}

/* Those that have less than their part go before those that have it. */
static bool is_better(struct pool_model *model, int pool, struct pm_request *a,
                      struct pm_request *b)
{
    const struct pm_tie *ta = pm_tie(a, pool), *tb = pm_tie(b, pool);
    bool by_part = model->pools[pool].config->share.is_set;
    bool part_a = by_part && pm_is_within_part(model, pool, ta);
    bool part_b = by_part && pm_is_within_part(model, pool, tb);
    uint64_t use_a = (uint64_t)(pm_use(model, pool, ta->share) + part_a) * tb->weight;
    uint64_t use_b = (uint64_t)(pm_use(model, pool, tb->share) + part_b) * ta->weight;
    uint64_t pass_a = pm_share(model, pool, ta->share)->pass;
    uint64_t pass_b = pm_share(model, pool, tb->share)->pass;

    if (part_a != part_b)
        return part_a;
    if (use_a != use_b)
        return use_a < use_b;
    if (pass_a != pass_b)
        return pass_a < pass_b;
    return before(a, ta->order_ms, b, tb->order_ms);
}

static void select_request(struct pool_model *model, struct pm_request *request)
{
    for (int i = 0; i < request->tie_count; i++) {
        struct pm_tie *tie = &request->ties[i];
        struct pm_pool *pool = &model->pools[tie->pool];
        struct pm_share *share = pm_share(model, tie->pool, tie->share);

        if (!pool_rules_any(pool->config) || pm_is_within_part(model, tie->pool, tie))
            continue;
        if (pool->virtual_time < share->pass)
            pool->virtual_time = share->pass;
        share->pass = pool->virtual_time +
                      (uint64_t)pm_amount(model, request, tie->pool) * POOL_PASS_UNIT / tie->weight;
    }
    request->stage = PM_SELECTED;
    request->is_charged = true;
    pm_collect(model, request);
    pm_grant_if_full(model, request);
}

static bool select_in_one_pool(struct pool_model *model)
{
    uint64_t done = 0;

    for (;;) {
        struct pm_request *best = NULL;
        int pool = -1;

        for (int i = 0; i < PM_POOLS; i++)
            if (model->pools[i].is_declared && pool_rules_any(model->pools[i].config) &&
                model->pools[i].serial >= done &&
                (pool < 0 || model->pools[i].serial < model->pools[pool].serial))
                pool = i;
        if (pool < 0)
            return false;
        for (int i = 0; i < model->request_count; i++)
            if (is_eligible(model, &model->requests[i], pool) &&
                (best == NULL || is_better(model, pool, &model->requests[i], best)))
                best = &model->requests[i];
        if (best != NULL) {
            select_request(model, best);
            return true;
        }
        done = model->pools[pool].serial + 1;
    }
}

static bool look_once(struct pool_model *model)
{
    for (int i = 0; i < model->request_count; i++) {
        if (!model->requests[i].is_looking)
            continue;
        model->requests[i].is_looking = false;
        pm_collect(model, &model->requests[i]);
        pm_grant_if_full(model, &model->requests[i]);
        return true;
    }
    return false;
}

void pm_settle(struct pool_model *model)
{
    if (model->is_restoring)
        return;
    while (look_once(model) || let_one_through(model) || select_in_one_pool(model))
        ;
}
