/* The model of pools: the steps.
 * Must not share code or ideas with lib/lock: arrays and scans only. */
#include "pool_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void pm_init(struct pool_model *model)
{
    memset(model, 0, sizeof *model);
    model->next_ticket = model->next_token = 1;
    for (int name = 0; name < PM_NAMES; name++)
        model->locks[name].leaving = -1;
}

void pm_report(struct pool_model *model, enum lock_event_kind kind,
               const struct pm_request *request, int name)
{
    assert(model->event_count < PM_EVENTS);
    model->events[model->event_count++] = (struct pm_event){kind, request->ticket, name};
}

void pm_stand_nowhere(struct pm_request *request)
{
    if (request->is_unknown)
        return;
    request->stage = PM_NOWHERE;
    for (int g = 0; g < request->group_count; g++)
        request->groups[g].is_queued = false;
}

void pm_set_present(struct pool_model *model, uint64_t ticket, bool present)
{
    struct pm_request *request = pm_by_ticket(model, ticket);
    bool was_away = request->away;

    request->present = present;
    if (was_away && present) {
        request->away = false;
        pm_report(model, LOCK_EVENT_RENEWED, request, -1);
        pm_come_back(model, request);
        pm_grant_if_full(model, request);
        pm_settle(model);
        return;
    }
    pm_grant_if_full(model, request);
}

void pm_set_away(struct pool_model *model, uint64_t ticket)
{
    struct pm_request *request = pm_by_ticket(model, ticket);
    const struct pm_words *words = &request->ask.words;

    if (words->group_count != 1 || words->groups[0].count != 1 || request->away)
        return;
    request->present = false;
    request->away = true;
    pm_stand_nowhere(request);
    pm_report(model, LOCK_EVENT_AWAY, request, -1);
    pm_withdraw(model, request);
}

bool pm_is_declared(const struct pool_model *model, int name)
{
    return pm_pool_of(model, name) >= 0 || pm_pool_named(model, name) >= 0;
}

static bool names_any(const struct pm_words *words, const struct pm_words *others)
{
    for (int g = 0; g < words->group_count; g++)
        for (int i = 0; i < words->groups[g].word_count; i++)
            for (int h = 0; h < others->group_count; h++)
                for (int k = 0; k < others->groups[h].word_count; k++)
                    if (words->groups[g].words[i] == others->groups[h].words[k])
                        return true;
    return false;
}

static bool has_same_words(const struct pm_words *a, const struct pm_words *b)
{
    if (a->group_count != b->group_count)
        return false;
    for (int g = 0; g < a->group_count; g++)
        if (a->groups[g].count != b->groups[g].count ||
            a->groups[g].word_count != b->groups[g].word_count ||
            memcmp(a->groups[g].words, b->groups[g].words,
                   sizeof(int) * (size_t)a->groups[g].word_count) != 0)
            return false;
    return true;
}

static bool has_same_meaning(const struct pm_request *a, const struct pm_request *b)
{
    if (a->group_count != b->group_count || a->is_unknown)
        return false;
    for (int g = 0; g < a->group_count; g++) {
        const struct pm_group *left = &a->groups[g], *right = &b->groups[g];

        if (left->needed != right->needed || left->pool != right->pool ||
            left->is_whole != right->is_whole || left->set_count != right->set_count)
            return false;
        for (int i = 0; i < left->set_count; i++)
            if (!pm_group_has(right, left->set[i]))
                return false;
    }
    return true;
}

static bool meets(const struct pm_request *waiting, const struct pm_group *group)
{
    for (int g = 0; g < waiting->group_count && !waiting->is_unknown; g++) {
        if (waiting->groups[g].pool != group->pool)
            continue;
        for (int i = 0; i < group->set_count; i++)
            if (pm_group_has(&waiting->groups[g], group->set[i]))
                return true;
    }
    return false;
}

/* Whether the owner's seat or lock counts for a group. */
static bool counts_for(const struct pool_model *model, const struct pm_group *group, int name)
{
    if (group->pool >= 0 && group->is_whole && model->locks[name].leaving == group->pool)
        return true;
    return pm_group_has(group, name);
}

bool pm_owns(struct pool_model *model, int owner, int name)
{
    struct pm_request *request = pm_by_ticket(model, model->locks[name].ticket);

    return request != NULL && model->locks[name].is_held && !model->locks[name].is_kept &&
           request->ask.owner == owner;
}

static void renew(struct pool_model *model, struct pm_request *request, const struct pm_ask *ask)
{
    bool was_away = request->away;

    request->ask.user = ask->user;
    request->ask.project = ask->project;
    request->ask.host = ask->host;
    request->ask.job = ask->job;
    request->ask.priority = ask->priority;
    request->hold_ms = ask->hold_ms;
    pm_ask_to_keep(request, ask->keep_ms);
    for (int i = 0; i < request->tie_count; i++)
        request->hold_ms =
            pool_rules_hold_ms(model->pools[request->ties[i].pool].config, request->hold_ms);
    request->present = true;
    request->away = false;
    if (request->state == LOCK_HELD)
        request->deadline_ms = request->hold_ms > 0 ? model->now_ms + request->hold_ms : INT64_MAX;
    for (int i = 0; request->state == LOCK_HELD && i < request->tie_count; i++) {
        int64_t most_ms = model->pools[request->ties[i].pool].config->hold_limit_ms;

        if (most_ms > 0 && request->deadline_ms > request->granted_ms + most_ms)
            request->deadline_ms = request->granted_ms + most_ms;
    }
    pm_report(model, LOCK_EVENT_RENEWED, request, -1);
    if (was_away)
        pm_come_back(model, request);
    pm_grant_if_full(model, request);
    if (was_away)
        pm_settle(model);
}

static void renew_held(struct pool_model *model, const struct pm_request *demand)
{
    bool done[PM_LIVE] = {false};

    for (int g = 0; g < demand->group_count; g++) {
        const struct pm_group *group = &demand->groups[g];

        for (int k = 0; k < (group->pool >= 0 ? model->request_count : group->set_count); k++) {
            struct pm_request *request = group->pool >= 0 ? &model->requests[k] : NULL;
            bool has = false;

            if (group->pool < 0 && pm_owns(model, demand->ask.owner, group->set[k]))
                request = pm_by_ticket(model, model->locks[group->set[k]].ticket);
            if (request == NULL || request->ask.owner != demand->ask.owner)
                continue;
            for (int name = 0; name < PM_NAMES; name++)
                has |= model->locks[name].ticket == request->ticket && model->locks[name].is_held &&
                       !model->locks[name].is_kept && counts_for(model, group, name);
            if (!has || done[request - model->requests])
                continue;
            renew(model, request, &demand->ask);
            done[request - model->requests] = true;
        }
    }
}

/* Sets what the owner has of it: all, some, waits for. */
static void look_at_own(struct pool_model *model, const struct pm_request *demand, bool *covered,
                        bool *holds, struct pm_request **waiting)
{
    *covered = true;
    *holds = false;
    *waiting = NULL;
    for (int g = 0; g < demand->group_count; g++) {
        int held = 0;

        for (int name = 0; name < PM_NAMES; name++)
            held += pm_owns(model, demand->ask.owner, name) &&
                    counts_for(model, &demand->groups[g], name);
        *holds |= held > 0;
        *covered &= held >= demand->groups[g].needed;
        for (int i = 0; i < model->request_count && *waiting == NULL; i++)
            if (model->requests[i].ask.owner == demand->ask.owner &&
                model->requests[i].state == LOCK_WAITING &&
                meets(&model->requests[i], &demand->groups[g]))
                *waiting = &model->requests[i];
    }
}

static enum lock_outcome outcome_of(const struct pm_request *request)
{
    return request->state == LOCK_HELD ? LOCK_OUTCOME_GRANTED : LOCK_OUTCOME_QUEUED;
}

static enum lock_outcome renew_waiting(struct pool_model *model, struct pm_request *request,
                                       const struct pm_ask *ask)
{
    enum lock_rule rule;
    bool is_there = pm_is_full(request);

    if (request->away && request->tie_count == 0)
        is_there = pm_could_collect(model, request);
    else if (request->away)
        is_there = !pm_is_aside(model, request, &rule) && pm_has_all_free(model, request);
    if (!ask->wait && !is_there)
        return LOCK_OUTCOME_REFUSED;
    renew(model, request, ask);
    return outcome_of(request);
}

static enum lock_outcome let_in(struct pool_model *model, struct pm_request *request)
{
    request->ticket = model->next_ticket++;
    model->requests[model->request_count] = *request;
    request = &model->requests[model->request_count++];
    pm_enter(model, request);
    pm_grant_if_full(model, request);
    if (request->tie_count > 0)
        pm_settle(model);
    if (request->state == LOCK_WAITING)
        pm_report(model, LOCK_EVENT_QUEUED, request, -1);
    return outcome_of(request);
}

static enum lock_outcome add(struct pool_model *model, struct pm_request *request)
{
    enum lock_rule rule = LOCK_RULE_NONE;
    bool is_aside;

    if (model->latest_ms < model->now_ms)
        model->latest_ms = model->now_ms;
    request->base_ms = model->latest_ms;
    request->hold_ms = request->ask.hold_ms;
    request->ticket = model->next_ticket;
    pm_ask_to_keep(request, request->ask.keep_ms);
    pm_judge(model, request, &rule);
    if (rule != LOCK_RULE_NONE)
        return LOCK_OUTCOME_RULE;
    is_aside = pm_is_aside(model, request, &rule);
    if (is_aside && rule != LOCK_RULE_OUTSIDE)
        return LOCK_OUTCOME_RULE;
    if (!request->ask.wait && (is_aside || !pm_has_all_free(model, request)))
        return LOCK_OUTCOME_REFUSED;
    return let_in(model, request);
}

enum lock_outcome pm_ask(struct pool_model *model, const struct pm_ask *ask)
{
    struct pm_request demand = {.ask = *ask,
                                .state = LOCK_WAITING,
                                .present = true,
                                .asked_ms = model->now_ms,
                                .deadline_ms = INT64_MAX};
    struct pm_request *waiting;
    bool covered, holds;

    for (int g = 0; g < ask->words.group_count; g++)
        for (int w = 0; w < ask->words.groups[g].word_count; w++)
            for (int i = 0; i < model->request_count; i++) {
                struct pm_request *request = &model->requests[i];
                struct pm_words one = {1, {{1, 1, {ask->words.groups[g].words[w]}}}};

                if (!request->is_unknown || request->ask.owner != ask->owner ||
                    !names_any(&request->ask.words, &one))
                    continue;
                if (!has_same_words(&request->ask.words, &ask->words))
                    return LOCK_OUTCOME_WAITS;
                if (!ask->wait)
                    return LOCK_OUTCOME_REFUSED;
                renew(model, request, ask);
                return LOCK_OUTCOME_QUEUED;
            }
    if (!pm_resolve(model, &demand))
        return LOCK_OUTCOME_MIXED; /* or another fault of the words */
    look_at_own(model, &demand, &covered, &holds, &waiting);
    if (covered) {
        renew_held(model, &demand);
        return LOCK_OUTCOME_GRANTED;
    }
    if (holds)
        return LOCK_OUTCOME_HAS_PART;
    if (waiting != NULL)
        return has_same_meaning(waiting, &demand) ? renew_waiting(model, waiting, ask)
                                                  : LOCK_OUTCOME_WAITS;
    return add(model, &demand);
}

size_t pm_unlock(struct pool_model *model, int owner, int name)
{
    int pool = pm_pool_named(model, name);
    struct pm_group group = {.pool = pool >= 0 ? pool : pm_pool_of(model, name),
                             .is_whole = pool >= 0};
    size_t released = 0;

    if (pm_owns(model, owner, name)) {
        pm_give_back(model, name);
        released++;
    }
    if (pool >= 0) {
        group.set_count = pm_size(&model->pools[pool]);
        for (int i = 0; i < group.set_count; i++)
            group.set[i] = pm_base(pool) + i;
    } else {
        group.set[group.set_count++] = name;
    }
    for (int i = 0; (released == 0 || pool >= 0) && i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->ask.owner != owner || request->state != LOCK_WAITING ||
            !meets(request, &group))
            continue;
        pm_end(model, request->ticket);
        i = -1;
    }
    for (int i = 0; pool >= 0 && i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];
        int best = -1;

        if (request->ask.owner != owner || request->state != LOCK_HELD)
            continue;
        for (int k = 0; k < PM_NAMES; k++)
            if (model->locks[k].ticket == request->ticket && model->locks[k].is_held &&
                !model->locks[k].is_kept &&
                (pm_pool_of(model, k) == pool || model->locks[k].leaving == pool) &&
                (best < 0 || model->locks[k].group < model->locks[best].group))
                best = k;
        if (best < 0)
            continue;
        pm_give_back(model, best);
        released++;
        i = -1;
    }
    return released;
}
