/* The model of pools: what comes free, and whom it goes to.
 * Must not share code or ideas with lib/lock: arrays and scans only. */
#include <string.h>

#include "pool_model.h"

void pm_mend(struct pool_model *model, int pool)
{
    while (pm_keeps_room(model, pool) && pm_slack(model, pool) < 0) {
        int slack = pm_slack(model, pool), best = -1;

        for (int name = 0; name < PM_NAMES; name++) {
            struct pm_lock was = model->locks[name];

            if (pm_pool_of(model, name) != pool || !pm_is_promise(model, name))
                continue;
            model->locks[name].ticket = 0;
            if (pm_slack(model, pool) > slack &&
                (best < 0 || was.ticket > model->locks[best].ticket))
                best = name;
            model->locks[name] = was;
        }
        if (best < 0)
            return;
        pm_by_ticket(model, model->locks[best].ticket)->is_looking = true;
        pm_end_promise(model, best);
        model->mended++;
    }
}

/* The lowest ticket that queues for the name. */
static struct pm_request *first_for(struct pool_model *model, int name, int *group)
{
    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->state != LOCK_WAITING || request->stage != PM_SELECTED)
            continue;
        for (*group = 0; *group < request->group_count; ++*group)
            if (request->groups[*group].is_queued && pm_group_has(&request->groups[*group], name))
                return request;
    }
    return NULL;
}

static void serve_with_room(struct pool_model *model, int pool)
{
    for (int i = 0; i < model->request_count;) {
        struct pm_request *request = &model->requests[i++];

        if (request->state != LOCK_WAITING || request->stage != PM_SELECTED)
            continue;
        for (int g = 0; g < request->group_count; g++) {
            int name;

            if (!request->groups[g].is_queued || request->groups[g].pool != pool)
                continue;
            name = pm_find_free(model, request, &request->groups[g]);
            if (name < 0)
                continue;
            pm_promise(model, request, g, name);
            pm_grant_if_full(model, request);
            i = 0; /* from the lowest again */
            break;
        }
    }
}

void pm_serve(struct pool_model *model, int pool, int name)
{
    struct pm_request *request;
    int group;

    if (pm_keeps_room(model, pool)) {
        serve_with_room(model, pool);
        return;
    }
    request = pm_is_free(model, name) ? first_for(model, name, &group) : NULL;
    if (request == NULL)
        return;
    pm_promise(model, request, group, name);
    pm_grant_if_full(model, request);
}

void pm_hand_over(struct pool_model *model, int name, bool grants)
{
    int group;
    struct pm_request *request = model->locks[name].offline ? NULL : first_for(model, name, &group);

    if (request == NULL)
        return;
    pm_promise(model, request, group, name);
    if (grants)
        pm_grant_if_full(model, request);
}

void pm_pass_on(struct pool_model *model, int name, int pool)
{
    bool leaves = model->locks[name].leaving == pool;

    if (leaves) {
        model->locks[name].leaving = -1;
        pm_hand_over(model, name, true);
    }
    pm_mend(model, pool);
    if (!leaves)
        pm_serve(model, pool, name);
    pm_settle(model);
}

void pm_resume(struct pool_model *model)
{
    model->is_restoring = false;
    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->state != LOCK_WAITING)
            continue;
        if (request->stage == PM_SELECTED)
            pm_collect(model, request);
        pm_grant_if_full(model, request);
    }
    for (int i = 0; i < (int)model->config->config.pool_count; i++)
        for (int pool = 0; pool < PM_POOLS; pool++)
            if (model->pools[pool].is_declared && model->config->index[pool] == i)
                pm_mend(model, pool);
    pm_settle(model);
}

/* All that a request was promised goes on, one at a time. */
void pm_withdraw(struct pool_model *model, struct pm_request *request)
{
    uint64_t ticket = request->ticket;

    for (int g = 0; g < request->group_count; g++) {
        for (int i = 0; i < request->groups[g].set_count; i++) {
            int name = request->groups[g].set[i], pool = request->groups[g].pool;

            if (model->locks[name].ticket != ticket || model->locks[name].is_held)
                continue;
            request->groups[g].taken--;
            model->locks[name].ticket = 0;
            if (pool < 0) {
                pm_hand_over(model, name, true);
                continue;
            }
            request->returned[pool]++;
            pm_pass_on(model, name, pool);
        }
    }
    request->is_charged = false;
    request->credits_taken = 0;
    pm_settle(model);
    memset(request->returned, 0, sizeof request->returned);
}

/* In the order of owners. */
void pm_reconsider(struct pool_model *model, int pool)
{
    bool let_in = false;

    model->is_restoring = true;
    for (int owner = 0; owner < PM_OWNERS; owner++) {
        for (int i = 0; i < model->request_count; i++) {
            struct pm_request *request = &model->requests[i];
            bool was_aside = request->stage == PM_ASIDE, is_aside;
            enum lock_rule rule;

            if (request->ask.owner != owner || request->state != LOCK_WAITING ||
                request->is_unknown || request->stage == PM_NOWHERE ||
                pm_tie(request, pool) == NULL)
                continue;
            is_aside = pm_is_aside(model, request, &rule);
            if (is_aside == was_aside)
                continue;
            request->stage = PM_NOWHERE;
            for (int g = 0; g < request->group_count; g++)
                request->groups[g].is_queued = false;
            pm_withdraw(model, request);
            pm_enter(model, request);
            let_in |= !is_aside;
        }
    }
    model->is_restoring = false;
    if (let_in)
        pm_resume(model);
    else
        pm_settle(model);
}

/* The weights of those that have seats of a pool, or want some now, each class once. */
static uint64_t weight_of_all(struct pool_model *model, int pool)
{
    uint64_t weight = 0;

    for (int i = 0; i < model->request_count; i++) {
        const struct pm_tie *tie = pm_tie(&model->requests[i], pool);
        bool is_first = tie != NULL, is_active = false;

        for (int k = 0; is_first && k < model->request_count; k++) {
            struct pm_request *other = &model->requests[k];
            const struct pm_tie *its = pm_tie(other, pool);

            if (its == NULL || strcmp(its->share, tie->share) != 0)
                continue;
            is_first = k >= i;
            is_active |= other->state == LOCK_WAITING && other->stage == PM_CANDIDATE;
            is_active |= other->is_charged && pm_amount(model, other, pool) > 0;
        }
        if (is_first && is_active)
            weight += tie->weight;
    }
    return weight;
}

bool pm_is_within_part(struct pool_model *model, int pool, const struct pm_tie *tie)
{
    const struct pool_config *config = model->pools[pool].config;
    int64_t seats = pm_size(&model->pools[pool]) - pm_outside(model, pool);

    for (int name = 0; name < PM_NAMES; name++)
        seats -= pm_pool_of(model, name) == pool && model->locks[name].offline;
    for (int i = 1; i <= (int)config->reserve_count; i++)
        if (i != tie->reserve_class)
            seats -= config->reserves[i - 1].seats;
    return (int64_t)((pm_use(model, pool, tie->share) + 1) * weight_of_all(model, pool)) <=
           seats * (int64_t)tie->weight;
}
