/* The model of pools: how what is held, and what is waited for, ends.
 * Must not share code or ideas with lib/lock: arrays and scans only. */
#include <string.h>

#include "pool_model.h"

static void forget(struct pool_model *model, uint64_t ticket)
{
    int i = (int)(pm_by_ticket(model, ticket) - model->requests);

    model->request_count--;
    memmove(&model->requests[i], &model->requests[i + 1],
            (size_t)(model->request_count - i) * sizeof *model->requests);
}

static int held_count(const struct pool_model *model, uint64_t ticket)
{
    int count = 0;

    for (int name = 0; name < PM_NAMES; name++)
        count += model->locks[name].ticket == ticket && model->locks[name].is_held;
    return count;
}

void pm_release(struct pool_model *model, int name)
{
    uint64_t ticket = model->locks[name].ticket;
    struct pm_request *request = pm_by_ticket(model, ticket);
    int pool = pm_pool_of(model, name);

    if (pool < 0)
        pool = model->locks[name].leaving;
    pm_report(model, LOCK_EVENT_RELEASED, request, name);
    model->locks[name].ticket = 0;
    model->locks[name].is_kept = false;
    if (pool >= 0)
        model->locks[name].released = ++model->pools[pool].releases;
    if (held_count(model, ticket) == 0)
        forget(model, ticket);
    if (pool < 0)
        pm_hand_over(model, name, true);
    else
        pm_pass_on(model, name, pool);
}

/* In the order in which the request has them. */
static bool is_one_of(const struct pool_model *model, const struct pm_request *request, int name,
                      enum pm_which which)
{
    const struct pm_lock *lock = &model->locks[name];

    return lock->ticket == request->ticket && lock->is_held &&
           (which == PM_ALL || lock->is_kept == (which == PM_KEPT));
}

static int first_by_group(const struct pool_model *model, const struct pm_request *request,
                          enum pm_which which)
{
    int best = -1;

    for (int name = 0; name < PM_NAMES; name++) {
        const struct pm_lock *lock = &model->locks[name];

        if (is_one_of(model, request, name, which) &&
            (best < 0 || lock->group < model->locks[best].group))
            best = name;
    }
    return best;
}

/* Single names of a group come as they were asked for. */
int pm_next_held(const struct pool_model *model, const struct pm_request *request,
                 enum pm_which which)
{
    int name = first_by_group(model, request, which),
        group = name >= 0 ? model->locks[name].group : 0;

    if (name < 0 || group >= request->group_count)
        return name;
    for (int i = 0; i < request->groups[group].set_count; i++) {
        int other = request->groups[group].set[i];

        if (is_one_of(model, request, other, which) && model->locks[other].group == group)
            return other;
    }
    return name;
}

void pm_end(struct pool_model *model, uint64_t ticket)
{
    struct pm_request *request = pm_by_ticket(model, ticket);

    if (request->state == LOCK_WAITING) {
        request->state = LOCK_ENDED;
        pm_report(model, LOCK_EVENT_LEFT, request, -1);
        pm_stand_nowhere(request);
        pm_withdraw(model, request);
        forget(model, ticket);
        return;
    }
    while ((request = pm_by_ticket(model, ticket)) != NULL)
        pm_release(model, pm_next_held(model, request, PM_ALL));
}

bool pm_break(struct pool_model *model, int name)
{
    if (model->locks[name].ticket == 0 || !model->locks[name].is_held)
        return false;
    pm_release(model, name);
    return true;
}

static struct pm_request *first_due(struct pool_model *model)
{
    struct pm_request *first = NULL;

    for (int i = 0; i < model->request_count; i++) {
        struct pm_request *request = &model->requests[i];

        if (request->state == LOCK_HELD && request->deadline_ms <= model->now_ms &&
            (first == NULL || request->deadline_ms < first->deadline_ms))
            first = request;
    }
    return first;
}

void pm_expire(struct pool_model *model)
{
    for (;;) {
        const struct pm_request *due = first_due(model), *kept = pm_first_kept(model);

        if (due != NULL && (kept == NULL || due->deadline_ms <= kept->keep_until_ms))
            pm_end(model, due->ticket);
        else if (kept != NULL)
            pm_end_keep(model, kept->ticket);
        else
            return;
    }
}

static size_t end_those_in(struct pool_model *model, int job, enum lock_request_state state)
{
    size_t ended = 0;

    for (uint64_t ticket = 1; ticket < model->next_ticket; ticket++) {
        const struct pm_request *next = NULL;

        for (int i = model->request_count - 1; i >= 0; i--)
            if (model->requests[i].ticket >= ticket && model->requests[i].ask.job == job &&
                model->requests[i].state == state && !pm_is_done(model, &model->requests[i]))
                next = &model->requests[i];
        if (next == NULL)
            break;
        ticket = next->ticket;
        pm_end_by_owner(model, ticket);
        ended++;
    }
    return ended;
}

size_t pm_end_job(struct pool_model *model, int job)
{
    size_t ended;

    for (int i = 0; i < model->request_count; i++)
        if (model->requests[i].ask.job == job && model->requests[i].state == LOCK_WAITING)
            model->requests[i].present = false;
    ended = end_those_in(model, job, LOCK_WAITING);
    return ended + end_those_in(model, job, LOCK_HELD);
}
