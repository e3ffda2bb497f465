/* What must hold of any lock table with pools, looked at in the model, which is the same by now,
 * and in the model as it was before the step. Must not go by how the model comes to its answers. */
#include <stdlib.h>
#include <string.h>

#include "pool_play.h"

static bool would_leave_room(struct pool_play *play, struct pm_request *request, int pool, int name)
{
    struct pm_lock was = play->model.locks[name];
    int room;

    play->model.locks[name].ticket = 0;
    room = pm_room(&play->model, pool, pm_tie(request, pool)->reserve_class);
    play->model.locks[name] = was;
    return room >= 1;
}

static void check_request(struct pool_play *play, struct pm_request *request)
{
    for (int g = 0; g < request->group_count; g++) {
        const struct pm_group *group = &request->groups[g];

        if (group->taken == group->needed)
            continue;
        for (int i = 0; i < group->set_count; i++) {
            int name = group->set[i];
            struct pm_request *taker = pm_by_ticket(&play->model, play->model.locks[name].ticket);
            bool keeps = group->pool >= 0 && pm_keeps_room(&play->model, group->pool);
            bool room = !keeps || pm_room(&play->model, group->pool,
                                          pm_tie(request, group->pool)->reserve_class) >= 1;

            /* Nothing that somebody may have lies idle. */
            if (group->pool >= 0)
                EXPECT(play, !pm_is_free(&play->model, name) || !room);
            else if (request->stage == PM_SELECTED)
                EXPECT(play, taker != NULL || play->model.locks[name].offline);
            /* No later promise stands where a lower ticket could use it. */
            if (request->stage == PM_SELECTED && taker != NULL && taker->state == LOCK_WAITING &&
                taker->ticket > request->ticket)
                EXPECT(play, keeps && !would_leave_room(play, request, group->pool, name));
        }
    }
    /* Who has all is granted it. */
    EXPECT(play, !request->present || !pm_is_full(request));
}

/* Whose end would leave a pool more room than there is. */
static bool is_promise_in_the_way(struct pool_play *play, int pool, int name)
{
    struct pm_lock was = play->model.locks[name];
    int slack = pm_slack(&play->model, pool);
    bool helps;

    if (pm_pool_of(&play->model, name) != pool || was.ticket == 0 || was.is_held)
        return false;
    play->model.locks[name].ticket = 0;
    helps = pm_slack(&play->model, pool) > slack;
    play->model.locks[name] = was;
    return helps;
}

static bool has_odd_seats(const struct pool_play *play, int pool)
{
    for (int name = 0; name < PM_NAMES; name++)
        if (play->before.locks[name].leaving == pool ||
            (pm_pool_of(&play->before, name) == pool && play->before.locks[name].offline))
            return true;
    return false;
}

/* Only grants may stand where somebody's reserve should, and no grant goes there. */
static void check_room(struct pool_play *play, int pool)
{
    int slack = pm_slack(&play->model, pool);

    if (slack >= 0)
        return;
    for (int name = 0; name < PM_NAMES; name++)
        EXPECT(play, !is_promise_in_the_way(play, pool, name));
    EXPECT(play, play->is_reload || play->may_lose_room || has_odd_seats(play, pool) ||
                     slack >= pm_slack(&play->before, pool));
}

static bool is_before(const struct pm_request *a, int64_t order_a, const struct pm_request *b,
                      int64_t order_b)
{
    return order_a != order_b ? order_a < order_b : a->ticket < b->ticket;
}

/* Has been chosen in this step, from those that stand for it. */
static bool is_newly_selected(struct pool_play *play, const struct pm_request *request)
{
    const struct pm_request *before = pm_by_ticket(&play->before, request->ticket);

    return (request->state == LOCK_HELD || request->stage == PM_SELECTED) &&
           (before == NULL || before->stage == PM_CANDIDATE || before->stage == PM_HELD_BACK);
}

/* They stand in one line. */
static bool are_equals(const struct pool_play *play, const struct pm_request *a,
                       const struct pm_request *b)
{
    return a->tie_count == 1 && b->tie_count == 1 && a->group_count == 1 && b->group_count == 1 &&
           a->ties[0].pool == b->ties[0].pool && a->groups[0].is_whole && b->groups[0].is_whole &&
           strcmp(a->ties[0].share, b->ties[0].share) == 0 &&
           (!pm_keeps_room(&play->model, a->ties[0].pool) ||
            a->ties[0].reserve_class == b->ties[0].reserve_class);
}

/* Of equals the first goes first. */
static void check_order(struct pool_play *play, const struct pm_request *stays)
{
    const struct pm_request *before = pm_by_ticket(&play->before, stays->ticket);

    if (stays->state != LOCK_WAITING || stays->stage != PM_CANDIDATE || before == NULL ||
        before->stage != PM_CANDIDATE)
        return;
    for (int i = 0; i < play->model.request_count; i++) {
        const struct pm_request *goes = &play->model.requests[i];

        EXPECT(play, !is_newly_selected(play, goes) || !are_equals(play, stays, goes) ||
                         is_before(goes, goes->ties[0].order_ms, stays, stays->ties[0].order_ms));
    }
}

static bool has_credit(const struct pm_request *request, const struct pm_credit *credit)
{
    for (int k = 0; request != NULL && k < request->credits_taken; k++)
        if (pm_is_same_counter(&request->credits[k], credit))
            return true;
    return false;
}

/* Never more than a limit.  What is held stays held where a reload makes it more than that, and
 * then nobody gets more. */
static void check_limits(struct pool_play *play, const struct pm_request *request)
{
    const struct pm_request *before = pm_by_ticket(&play->before, request->ticket);

    for (int k = 0; k < request->credits_taken; k++) {
        const struct pm_credit *credit = &request->credits[k];
        uint32_t used = pm_used(&play->model, credit);

        if (used <= credit->limit)
            continue;
        EXPECT(play, request->state == LOCK_HELD || has_credit(before, credit));
        EXPECT(play, play->is_reload || used <= pm_used(&play->before, credit));
    }
}

/* Nobody passes the first at a counter. */
static void check_counter(struct pool_play *play, struct pm_request *stays)
{
    const struct pm_request *before = pm_by_ticket(&play->before, stays->ticket);
    const struct pm_credit *credit = &stays->credits[stays->credits_taken];

    if (stays->state != LOCK_WAITING || stays->stage != PM_HELD_BACK || before == NULL ||
        before->stage != PM_HELD_BACK || before->credits_taken != stays->credits_taken)
        return;
    for (int i = 0; i < play->model.request_count; i++) {
        struct pm_request *goes = &play->model.requests[i];

        if (goes->stage == PM_NOWHERE || !has_credit(goes, credit) ||
            has_credit(pm_by_ticket(&play->before, goes->ticket), credit))
            continue;
        EXPECT(play, is_before(goes, pm_tie(goes, credit->pool)->order_ms, stays,
                               pm_tie(stays, credit->pool)->order_ms));
    }
}

void pool_play_check(struct pool_play *play)
{
    for (int i = 0; i < play->model.request_count; i++) {
        struct pm_request *request = &play->model.requests[i];

        if (request->state == LOCK_WAITING && request->stage >= PM_CANDIDATE &&
            (request->stage == PM_SELECTED || request->group_count == 1))
            check_request(play, request);
        check_limits(play, request);
        if (!play->is_reload)
            check_order(play, request);
        if (!play->is_reload)
            check_counter(play, request);
    }
    for (int pool = 0; pool < PM_POOLS; pool++)
        if (play->model.pools[pool].is_declared && pm_keeps_room(&play->model, pool))
            check_room(play, pool);
}
