/* The model of pools: questions.
 * Must not change anything but what it is asked to fill in. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pool_model.h"

static const int bases[PM_POOLS] = {PM_P1, PM_Q1, PM_M};
static const int sizes[PM_POOLS] = {PM_P_SEATS, PM_Q_SEATS, PM_R_SEATS};

int pm_base(int pool)
{
    return bases[pool];
}

struct pm_request *pm_by_ticket(struct pool_model *model, uint64_t ticket)
{
    for (int i = 0; ticket != 0 && i < model->request_count; i++)
        if (model->requests[i].ticket == ticket)
            return &model->requests[i];
    return NULL;
}

int pm_size(const struct pm_pool *pool)
{
    return (int)(pool->config->seats > 0 ? pool->config->seats : pool->config->names.count);
}

int pm_pool_of(const struct pool_model *model, int name)
{
    for (int i = 0; i < PM_POOLS; i++)
        if (name >= bases[i] && name < bases[i] + sizes[i])
            return model->pools[i].is_declared && name - bases[i] < pm_size(&model->pools[i]) ? i
                                                                                              : -1;
    return -1;
}

int pm_pool_named(const struct pool_model *model, int name)
{
    int pool = name - PM_POOL_NAMES;

    return pool >= 0 && pool < PM_POOLS && model->pools[pool].is_declared ? pool : -1;
}

bool pm_is_there(const struct pool_model *model, int name)
{
    return model->locks[name].ticket == 0 && !model->locks[name].offline;
}

bool pm_is_free(const struct pool_model *model, int name)
{
    return pm_pool_of(model, name) >= 0 && pm_is_there(model, name);
}

int pm_free(const struct pool_model *model, int pool)
{
    int count = 0;

    for (int name = 0; name < PM_NAMES; name++)
        count += pm_pool_of(model, name) == pool && pm_is_free(model, name);
    return count;
}

bool pm_keeps_room(const struct pool_model *model, int pool)
{
    return pool_rules_keep_room(model->pools[pool].config);
}

struct pm_tie *pm_tie(struct pm_request *request, int pool)
{
    for (int i = 0; i < request->tie_count; i++)
        if (request->ties[i].pool == pool)
            return &request->ties[i];
    return NULL;
}

static bool belongs(const struct pool_model *model, int name, int pool)
{
    return pm_pool_of(model, name) == pool || model->locks[name].leaving == pool;
}

int pm_taken(struct pool_model *model, int pool, int reserve_class)
{
    int count = 0;

    for (int name = 0; name < PM_NAMES; name++) {
        struct pm_request *request = pm_by_ticket(model, model->locks[name].ticket);

        count += request != NULL && belongs(model, name, pool) &&
                 pm_tie(request, pool)->reserve_class == reserve_class;
    }
    return count;
}

int pm_unmet(struct pool_model *model, int pool, int reserve_class)
{
    int seats = 0, taken;

    if (reserve_class > 0)
        seats = (int)model->pools[pool].config->reserves[reserve_class - 1].seats;
    taken = pm_taken(model, pool, reserve_class);
    return taken < seats ? seats - taken : 0;
}

int pm_outside(const struct pool_model *model, int pool)
{
    uint32_t most = model->pools[pool].config->outside_most, now = model->pools[pool].outside;

    return (int)(now < most ? now : most);
}

int pm_slack(struct pool_model *model, int pool)
{
    int slack = pm_free(model, pool) - pm_outside(model, pool);

    for (int i = 1; i <= (int)model->pools[pool].config->reserve_count; i++)
        slack -= pm_unmet(model, pool, i);
    return slack;
}

int pm_room(struct pool_model *model, int pool, int reserve_class)
{
    int room = pm_free(model, pool) - pm_outside(model, pool);

    for (int i = 0; i <= (int)model->pools[pool].config->reserve_count; i++)
        if (i != reserve_class)
            room -= pm_unmet(model, pool, i);
    return room;
}

int pm_amount(const struct pool_model *model, const struct pm_request *request, int pool)
{
    int amount = 0;

    if (request->token != 0) {
        for (int name = 0; name < PM_NAMES; name++)
            amount += model->locks[name].ticket == request->ticket && belongs(model, name, pool);
        return amount;
    }
    for (int g = 0; g < request->group_count; g++)
        amount += request->groups[g].pool == pool ? request->groups[g].needed : 0;
    return amount - request->returned[pool];
}

uint32_t pm_used(struct pool_model *model, const struct pm_credit *credit)
{
    int used = 0;

    for (int i = 0; i < model->request_count; i++) {
        const struct pm_request *request = &model->requests[i];

        for (int k = 0; k < request->credits_taken; k++) {
            const struct pm_credit *its = &request->credits[k];

            if (its->kind == credit->kind && its->pool == credit->pool &&
                its->line == credit->line && strcmp(its->value, credit->value) == 0)
                used += pm_amount(model, request, credit->pool);
        }
    }
    return (uint32_t)used;
}

uint32_t pm_use(struct pool_model *model, int pool, const char *share)
{
    int use = 0;

    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];
        const struct pm_tie *tie = request->is_charged ? pm_tie(request, pool) : NULL;

        if (tie != NULL && strcmp(tie->share, share) == 0)
            use += pm_amount(model, request, pool);
    }
    return (uint32_t)use;
}

struct pm_share *pm_share(struct pool_model *model, int pool, const char *value)
{
    struct pm_pool *it = &model->pools[pool];

    for (int i = 0; i < it->share_count; i++)
        if (strcmp(it->shares[i].value, value) == 0)
            return &it->shares[i];
    assert(it->share_count < PM_SHARES);
    it->shares[it->share_count] = (struct pm_share){.pass = 0};
    strcpy(it->shares[it->share_count].value, value);
    return &it->shares[it->share_count++];
}

bool pm_group_has(const struct pm_group *group, int name)
{
    for (int i = 0; i < group->set_count; i++)
        if (group->set[i] == name)
            return true;
    return false;
}

bool pm_is_full(const struct pm_request *request)
{
    if (request->is_unknown)
        return false;
    for (int g = 0; g < request->group_count; g++)
        if (request->groups[g].taken < request->groups[g].needed)
            return false;
    return true;
}

bool pm_has_all_free(struct pool_model *model, struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++) {
        const struct pm_group *group = &request->groups[g];
        int count = 0;

        for (int i = 0; i < group->set_count; i++)
            count += group->pool >= 0 ? pm_is_free(model, group->set[i])
                                      : pm_is_there(model, group->set[i]);
        if (count < group->needed)
            return false;
        if (group->pool >= 0 && pm_keeps_room(model, group->pool) &&
            pm_room(model, group->pool, pm_tie(request, group->pool)->reserve_class) <
                group->needed)
            return false;
    }
    return pm_would_pass(model, request);
}

static bool exceeds_limits(const struct pool_model *model, const struct pm_request *request,
                           enum lock_rule *rule)
{
    for (int i = 0; i < request->credit_count; i++) {
        const struct pm_credit *credit = &request->credits[i];

        *rule = (enum lock_rule)credit->kind;
        if (pm_amount(model, request, credit->pool) > (int)credit->limit)
            return true;
    }
    return false;
}

/* The seats that a group can have if nobody holds any and all are in use, and those of them that
 * are offline. */
static int room_of(const struct pool_model *model, struct pm_request *request,
                   const struct pm_group *group, int *offline)
{
    *offline = 0;
    for (int i = 0; i < group->set_count; i++)
        *offline += model->locks[group->set[i]].offline;
    return (int)pool_rules_capacity(model->pools[group->pool].config,
                                    (uint32_t)pm_tie(request, group->pool)->reserve_class,
                                    group->set_count);
}

bool pm_waits_for_offline(const struct pool_model *model, struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++) {
        const struct pm_group *group = &request->groups[g];
        int offline, room;

        if (group->pool < 0)
            continue;
        room = room_of(model, request, group, &offline) - pm_outside(model, group->pool);
        if (group->needed <= room && group->needed > room - offline)
            return true;
    }
    return false;
}

bool pm_is_aside(struct pool_model *model, struct pm_request *request, enum lock_rule *rule)
{
    if (exceeds_limits(model, request, rule))
        return true;
    for (int g = 0; g < request->group_count; g++) {
        const struct pm_group *group = &request->groups[g];
        int room, offline;

        if (group->pool < 0)
            continue;
        room = room_of(model, request, group, &offline);
        *rule = LOCK_RULE_SIZE;
        if (group->needed > group->set_count)
            return true;
        *rule = LOCK_RULE_RESERVE;
        if (group->needed > room)
            return true;
        *rule = LOCK_RULE_OUTSIDE;
        if (group->needed > room - offline - pm_outside(model, group->pool))
            return true;
    }
    return false;
}

/* What the words mean; false where they mean nothing. */
bool pm_resolve(struct pool_model *model, struct pm_request *request)
{
    const struct pm_words *words = &request->ask.words;

    request->group_count = words->group_count;
    memset(request->groups, 0, sizeof request->groups);
    for (int g = 0; g < words->group_count; g++) {
        struct pm_group *group = &request->groups[g];

        group->pool = -1;
        group->needed = words->groups[g].count;
        for (int i = 0; i < words->groups[g].word_count; i++) {
            int word = words->groups[g].words[i], pool = pm_pool_named(model, word);
            int of = pool >= 0 ? pool : pm_pool_of(model, word);

            if (i > 0 && of != group->pool)
                return false;
            group->pool = of;
            group->is_whole |= pool >= 0;
            if (pool < 0 && !pm_group_has(group, word))
                group->set[group->set_count++] = word;
        }
        if (group->pool < 0) {
            if (group->needed > group->set_count)
                return false;
            continue;
        }
        group->is_whole |= group->set_count == pm_size(&model->pools[group->pool]);
        if (!group->is_whole &&
            (pm_keeps_room(model, group->pool) || group->needed > group->set_count))
            return false;
        if (!group->is_whole)
            continue;
        group->set_count = pm_size(&model->pools[group->pool]);
        for (int i = 0; i < group->set_count; i++)
            group->set[i] = bases[group->pool] + i;
    }
    for (int g = 1; g < request->group_count; g++)
        for (int h = 0; h < g; h++)
            for (int i = 0; i < request->groups[g].set_count; i++)
                if (pm_group_has(&request->groups[h], request->groups[g].set[i]))
                    return false;
    return true;
}

bool pm_charge_before(const struct pm_credit *a, const struct pm_credit *b,
                      const struct pool_model *model)
{
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (a->pool != b->pool)
        return model->pools[a->pool].serial < model->pools[b->pool].serial;
    if (a->line != b->line)
        return a->line < b->line;
    return strcmp(a->value, b->value) < 0;
}

static void add_credit(struct pool_model *model, struct pm_request *request, int pool,
                       const struct pool_charge *charge)
{
    struct pm_credit credit = {
        .kind = (int)charge->rule, .pool = pool, .line = (int)charge->line, .limit = charge->limit};
    int at = request->credit_count;

    strcpy(credit.value, charge->value);
    assert(at < PM_CREDITS);
    while (at > 0 && pm_charge_before(&credit, &request->credits[at - 1], model)) {
        request->credits[at] = request->credits[at - 1];
        at--;
    }
    request->credits[at] = credit;
    request->credit_count++;
}

static struct pool_asker asker_of(const struct pool_model *model, const struct pm_ask *ask)
{
    struct pool_list memberships = pm_memberships(model->config, ask->user);

    return (struct pool_asker){
        .user = ask->user >= 0 ? pm_users[ask->user] : NULL,
        .memberships = memberships.items,
        .membership_count = memberships.count,
        .host = ask->host >= 0 ? pm_hosts[ask->host] : NULL,
        .job = ask->job >= 0 ? pm_jobs[ask->job] : NULL,
        .project = ask->project >= 0 ? pm_projects[ask->project] : NULL,
        .priority = ask->priority,
    };
}

static void judge_pool(struct pool_model *model, struct pm_request *request, int pool,
                       enum lock_rule *refused)
{
    struct pool_asker asker = asker_of(model, &request->ask);
    struct pm_tie *tie = &request->ties[request->tie_count++];
    struct pool_verdict verdict;
    bool rules = pool_rules_any(model->pools[pool].config);

    pool_rules_apply(model->pools[pool].config, &asker, &verdict);
    *tie = (struct pm_tie){.pool = pool,
                           .reserve_class = (int)verdict.reserve_class,
                           .weight = verdict.weight,
                           .order_ms = request->base_ms - verdict.head_start_ms};
    strcpy(tie->share, verdict.share);
    request->has_rules |= rules;
    for (size_t i = 0; rules && i < verdict.charge_count; i++)
        add_credit(model, request, pool, &verdict.charges[i]);
    if (*refused == LOCK_RULE_NONE)
        *refused = verdict.refused;
    request->hold_ms = pool_rules_hold_ms(model->pools[pool].config, request->hold_ms);
}

/* What the rules make of a request: of what it wants, or of what it holds. */
void pm_judge(struct pool_model *model, struct pm_request *request, enum lock_rule *refused)
{
    int64_t hold_ms = request->hold_ms;

    *refused = LOCK_RULE_NONE;
    request->tie_count = request->credit_count = request->credits_taken = 0;
    request->has_rules = false;
    if (request->token != 0) {
        for (int name = 0; name < PM_NAMES; name++)
            for (int pool = 0; pool < PM_POOLS; pool++)
                if (model->locks[name].ticket == request->ticket && belongs(model, name, pool) &&
                    pm_tie(request, pool) == NULL)
                    judge_pool(model, request, pool, refused);
        request->credits_taken = request->credit_count;
        request->hold_ms = hold_ms;
        return;
    }
    for (int g = 0; g < request->group_count; g++)
        if (request->groups[g].pool >= 0 && pm_tie(request, request->groups[g].pool) == NULL)
            judge_pool(model, request, request->groups[g].pool, refused);
}
