/* The model of pools: what a reload, or a change of a pool's seats, makes of holders and waiters.
 * Must not share code or ideas with lib/lock: arrays and scans only. */
#include <string.h>

#include "lock/pool_create.h"
#include "lock/pool_groups.h"
#include "pool_model.h"

void pm_set_offline(struct pool_model *model, int name, bool offline)
{
    int pool = pm_pool_of(model, name);
    struct pm_lock *lock = &model->locks[name];

    if (pm_pool_named(model, name) >= 0 || lock->offline == offline)
        return;
    lock->offline = offline;
    if (offline && lock->ticket != 0 && !lock->is_held) {
        pm_by_ticket(model, lock->ticket)->is_looking = true;
        pm_end_promise(model, name);
    }
    if (pool < 0) {
        if (!offline && lock->ticket == 0)
            pm_hand_over(model, name, true);
        if (offline)
            pm_settle(model);
        return;
    }
    pm_mend(model, pool);
    pm_serve(model, pool, name);
    pm_settle(model);
    pm_reconsider(model, pool);
}

void pm_set_outside(struct pool_model *model, int pool, uint32_t seats)
{
    if (!model->pools[pool].is_declared)
        return;
    model->pools[pool].outside = seats;
    pm_mend(model, pool);
    pm_serve(model, pool, pm_base(pool));
    pm_settle(model);
    pm_reconsider(model, pool);
}

static bool is_concerned(const struct pool_model *model, const struct pm_request *request,
                         const bool kept[PM_POOLS], const struct pool_model *next)
{
    if (request->is_unknown)
        return true;
    for (int i = 0; i < request->tie_count; i++)
        if (!kept[request->ties[i].pool])
            return true;
    for (int name = 0; name < PM_NAMES; name++) {
        int pool =
            pm_pool_of(model, name) >= 0 ? pm_pool_of(model, name) : model->locks[name].leaving;
        bool wants = false;

        for (int g = 0; g < request->group_count && request->state == LOCK_WAITING; g++)
            wants |= request->groups[g].pool < 0 && pm_group_has(&request->groups[g], name);
        if (request->state == LOCK_HELD)
            wants = model->locks[name].ticket == request->ticket;
        if (!wants)
            continue;
        if (pool >= 0 ? !kept[pool] : pm_pool_of(next, name) >= 0)
            return true;
        if (request->state == LOCK_WAITING && pool < 0 && pm_is_declared(next, name))
            return true;
    }
    return false;
}

static void move_out(struct pool_model *model, struct pm_request *request)
{
    if (request->state == LOCK_HELD)
        return;
    pm_stand_nowhere(request);
    request->is_out = true;
    for (int name = 0; name < PM_NAMES; name++)
        if (model->locks[name].ticket == request->ticket)
            model->locks[name].ticket = 0;
    for (int g = 0; g < request->group_count; g++)
        request->groups[g].taken = 0;
    request->is_charged = false;
    request->credits_taken = 0;
    request->tie_count = request->credit_count = 0;
}

static void install_locks(struct pool_model *model, const struct pool_model *next,
                          const bool kept[PM_POOLS])
{
    for (int name = 0; name < PM_NAMES; name++) {
        struct pm_lock *lock = &model->locks[name];
        int old = pm_pool_of(model, name) >= 0 ? pm_pool_of(model, name) : lock->leaving;
        int new = pm_pool_of(next, name);
        bool was_leaving = lock->leaving >= 0;

        if (old >= 0 && kept[old] && !was_leaving)
            continue;
        if (new >= 0) {
            if (was_leaving || old < 0)
                lock->released = 0;
            lock->leaving = -1;
            continue;
        }
        if (pm_pool_named(next, name) >= 0)
            lock->offline = false;
        if (old >= 0 && kept[old])
            continue;
        lock->leaving = old >= 0 && next->pools[old].is_declared && lock->ticket != 0 ? old : -1;
    }
}

static void promise_free_locks(struct pool_model *model)
{
    static const int sorted[] = {0,     1,         2,         PM_M,      PM_M + 1,  PM_M + 2,  3,
                                 PM_P1, PM_P1 + 1, PM_P1 + 2, PM_P1 + 3, PM_P1 + 4, PM_P1 + 5, 4,
                                 PM_Q1, PM_Q1 + 1, PM_Q1 + 2, PM_Q1 + 3, 5};

    for (int i = 0; i < PM_NAMES; i++)
        if (pm_is_there(model, sorted[i]) && pm_pool_of(model, sorted[i]) < 0)
            pm_hand_over(model, sorted[i], false);
}

/* The owner has another request for a single lock of it. */
static bool is_named_twice(struct pool_model *model, const struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++)
        for (int i = 0; request->groups[g].pool < 0 && i < request->groups[g].set_count; i++) {
            int name = request->groups[g].set[i];

            if (pm_owns(model, request->ask.owner, name))
                return true;
            for (int k = 0; k < model->request_count; k++) {
                const struct pm_request *other = &model->requests[k];

                if (other == request || other->is_out || other->is_unknown ||
                    other->state != LOCK_WAITING || other->ask.owner != request->ask.owner)
                    continue;
                for (int h = 0; h < other->group_count; h++)
                    if (other->groups[h].pool < 0 && pm_group_has(&other->groups[h], name))
                        return true;
            }
        }
    return false;
}

static void move_in(struct pool_model *model, struct pm_request *request, const bool gone)
{
    enum lock_rule refused = LOCK_RULE_NONE;
    int64_t hold_ms = request->hold_ms;
    bool is_known;

    if (request->state == LOCK_HELD) {
        pm_judge(model, request, &refused);
        request->is_charged = true;
        return;
    }
    is_known = !gone && pm_resolve(model, request);
    if (is_known)
        pm_judge(model, request, &refused);
    if (is_known && refused == LOCK_RULE_NONE && is_named_twice(model, request))
        refused = LOCK_RULE_TWICE;
    request->is_out = false;
    request->is_unknown = !is_known || refused != LOCK_RULE_NONE;
    if (request->is_unknown) {
        request->hold_ms = hold_ms;
        request->tie_count = request->credit_count = 0;
        request->stage = PM_ASIDE;
    } else {
        request->stage = PM_NOWHERE;
        if (!request->away)
            pm_enter(model, request);
    }
}

/* It wanted any seat of a pool that is not there now; or it means nothing already, and names
 * nothing that is. */
static bool is_gone(const struct pool_model *old, const struct pool_model *now,
                    const struct pm_request *request)
{
    bool declared = false;

    if (request->is_unknown) {
        for (int g = 0; g < request->ask.words.group_count; g++)
            for (int i = 0; i < request->ask.words.groups[g].word_count; i++)
                declared |= pm_is_declared(now, request->ask.words.groups[g].words[i]);
        return !declared;
    }
    (void)old;
    for (int g = 0; g < request->group_count; g++)
        if (request->groups[g].pool >= 0 && request->groups[g].is_whole &&
            !now->pools[request->groups[g].pool].is_declared)
            return true;
    return false;
}

/* A whole pool is spoken of by its name; a set of seats by theirs. */
static void take_words(struct pm_request *request)
{
    if (request->is_unknown)
        return;
    for (int g = 0; g < request->group_count; g++) {
        const struct pm_group *group = &request->groups[g];

        if (group->pool < 0)
            continue;
        request->ask.words.groups[g].word_count = 1;
        request->ask.words.groups[g].words[0] = PM_POOL_NAMES + group->pool;
        if (group->is_whole)
            continue;
        request->ask.words.groups[g].word_count = group->set_count;
        memcpy(request->ask.words.groups[g].words, group->set,
               sizeof(int) * (size_t)group->set_count);
    }
}

/* Somebody who has to do with the table is in other groups now. */
static bool is_in_other_groups(const struct pool_model *model, const struct pm_config *config)
{
    for (int i = 0; model->config != NULL && i < model->request_count; i++) {
        int user = model->requests[i].ask.user;
        struct pool_list before = pm_memberships(model->config, user);
        struct pool_list now = pm_memberships(config, user);

        if (before.count != now.count || before.items != now.items)
            return true;
    }
    return false;
}

void pm_declare(struct pool_model *model, struct pm_config *config)
{
    static struct pool_model next;
    bool kept[PM_POOLS] = {false}, concerned[PM_LIVE], gone[PM_LIVE];
    bool others = is_in_other_groups(model, config);
    int64_t base_ms = INT64_MIN;

    next = *model;
    next.config = config;
    for (int at = 0; at < (int)config->config.pool_count; at++)
        for (int i = 0; i < PM_POOLS; i++) {
            const struct pm_pool *old = &model->pools[i];

            if (config->seeds[i] == 0 || config->index[i] != at)
                continue;
            kept[i] = old->is_declared && pool_config_is_same(old->config, &config->pools[at]) &&
                      !(others && pool_groups_matter(old->config));
            next.pools[i].is_declared = true;
            next.pools[i].config = &config->pools[at];
            if (kept[i])
                continue;
            next.pools[i] = (struct pm_pool){.is_declared = true,
                                             .config = &config->pools[at],
                                             .serial = next.next_serial++,
                                             .outside = old->is_declared ? old->outside : 0};
        }
    for (int i = 0; i < PM_POOLS; i++)
        if (config->seeds[i] == 0)
            next.pools[i] = (struct pm_pool){.is_declared = false};
    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        concerned[i] = is_concerned(model, request, kept, &next);
        gone[i] = is_gone(model, &next, request);
        if (concerned[i] && request->state == LOCK_WAITING) {
            take_words(request);
            if (request->base_ms < base_ms)
                request->base_ms = base_ms;
            base_ms = request->base_ms;
        }
    }
    model->is_restoring = true;
    for (int i = 0; i < model->request_count; i++)
        if (concerned[i])
            move_out(model, &model->requests[i]);
    install_locks(model, &next, kept);
    memcpy(model->pools, next.pools, sizeof model->pools);
    for (int i = 0; i < PM_POOLS; i++)
        for (int k = 0; model->pools[i].is_declared && !kept[i] && k < pm_size(&model->pools[i]);
             k++)
            if (model->pools[i].releases < model->locks[pm_base(i) + k].released)
                model->pools[i].releases = model->locks[pm_base(i) + k].released;
    model->next_serial = next.next_serial;
    model->config = config;
    for (int i = 0; i < model->request_count; i++)
        if (concerned[i] && model->requests[i].state == LOCK_HELD)
            move_in(model, &model->requests[i], false);
    for (int i = 0; i < model->request_count; i++)
        if (concerned[i] && model->requests[i].state == LOCK_WAITING)
            move_in(model, &model->requests[i], gone[i]);
    promise_free_locks(model);
    pm_resume(model);
}
