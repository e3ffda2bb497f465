/* A lock table with pools held against its model.
 * Must not change anything. */
#include <stdlib.h>
#include <string.h>

#include "lock/keep.h"
#include "lock/pool_types.h"
#include "pool_play.h"

int pool_play_number(const char *name)
{
    for (int i = 0; name != NULL && i < PM_NAMES; i++)
        if (strcmp(pm_names[i], name) == 0)
            return i;
    return -1;
}

static void compare_events(struct pool_play *play)
{
    bool same = play->event_count == play->model.event_count;

    for (int i = 0; same && i < play->event_count; i++)
        same = memcmp(&play->events[i], &play->model.events[i], sizeof play->events[i]) == 0;
    if (!same) {
        pool_play_show(play);
    }
    EXPECT(play, play->event_count == play->model.event_count);
    for (int i = 0; i < play->event_count; i++) {
        EXPECT(play, play->events[i].kind == play->model.events[i].kind);
        EXPECT(play, play->events[i].ticket == play->model.events[i].ticket);
        EXPECT(play, play->events[i].name == play->model.events[i].name);
    }
}

/* Of what a class uses, or a limit counts, what is held. */
static uint32_t held_of_share(struct pool_play *play, int pool, const char *share)
{
    int held = 0;

    for (int i = 0; i < play->model.request_count; i++) {
        struct pm_request *request = &play->model.requests[i];
        const struct pm_tie *tie = pm_tie(request, pool);

        if (tie != NULL && request->state == LOCK_HELD && strcmp(tie->share, share) == 0)
            held += pm_amount(&play->model, request, pool);
    }
    return (uint32_t)held;
}

static uint32_t held_of_counter(struct pool_play *play, const struct pm_credit *credit)
{
    int held = 0;

    for (int i = 0; i < play->model.request_count; i++) {
        const struct pm_request *request = &play->model.requests[i];

        for (int k = 0; request->state == LOCK_HELD && k < request->credits_taken; k++)
            if (pm_is_same_counter(&request->credits[k], credit))
                held += pm_amount(&play->model, request, credit->pool);
    }
    return (uint32_t)held;
}

static void compare_shares(struct pool_play *play, const struct lock_request *request)
{
    for (uint32_t i = 0; request->pooled != NULL && i < request->pooled->tie_count; i++) {
        const struct pool_share *share = request->pooled->ties[i].share;
        int pool;

        if (share == NULL)
            continue;
        pool = pool_play_number(share->pool->name) - PM_POOL_NAMES;
        EXPECT(play, share->use == pm_use(&play->model, pool, share->value));
        EXPECT(play, share->held == held_of_share(play, pool, share->value));
        EXPECT(play, share->pool->virtual_time == play->model.pools[pool].virtual_time);
        EXPECT(play, share->pass == pm_share(&play->model, pool, share->value)->pass ||
                         share->candidates == 0);
    }
}

static void compare_waiting(struct pool_play *play, const struct lock_request *request,
                            const struct pm_request *wanted)
{
    compare_shares(play, request);
    EXPECT(play, request->ticket == wanted->ticket);
    EXPECT(play, request->present == wanted->present);
    EXPECT(play, request->away == wanted->away);
    EXPECT(play, pool_play_stage(request) == wanted->stage);
    if (wanted->is_unknown)
        return;
    for (uint32_t g = 0; g < request->group_count; g++)
        EXPECT(play, request->groups[g].taken == (uint32_t)wanted->groups[g].taken);
    if (wanted->stage == PM_HELD_BACK)
        EXPECT(play, request->pooled->credits_taken == (uint32_t)wanted->credits_taken);
}

static void compare_keep(struct pool_play *play, const struct lock_seat *seat, int name)
{
    const struct pm_request *wanted = pm_by_ticket(&play->model, seat->request->ticket);
    struct lock_keep_state keep;

    EXPECT(play, seat->is_kept == play->model.locks[name].is_kept);
    EXPECT(play, seat->request->is_kept == pm_is_done(&play->model, wanted));
    EXPECT(play, lock_table_keep(play->table, seat->request, &keep) == wanted->keeps);
    if (wanted->keeps)
        EXPECT(play, keep.until_ms == wanted->keep_until_ms);
}

static void compare_takers(struct pool_play *play)
{
    uint64_t takers[PM_NAMES] = {0};
    const struct lock_request *request = NULL;
    const struct lock_seat *seat = NULL;
    size_t held = 0;

    while ((request = lock_table_next_waiter(play->table, request)) != NULL)
        for (uint32_t i = 0; i < request->seat_count; i++)
            if (request->seats[i].state == LOCK_SEAT_PROMISED)
                takers[pool_play_number(lock_seat_name(&request->seats[i]))] = request->ticket;
    while ((seat = lock_table_next_held(play->table, seat)) != NULL) {
        int name = pool_play_number(lock_seat_name(seat));

        EXPECT(play, takers[name] == 0);
        takers[name] = seat->request->ticket;
        EXPECT(play, seat->request->deadline_ms ==
                         pm_by_ticket(&play->model, seat->request->ticket)->deadline_ms);
        EXPECT(play, lock_table_holder(play->table, pm_names[name]) == seat->request);
        compare_keep(play, seat, name);
        held++;
    }
    EXPECT(play, lock_table_held_count(play->table) == held);
    for (int name = 0; name < PM_NAMES; name++)
        EXPECT(play, takers[name] == play->model.locks[name].ticket);
}

static bool has_lock(const struct lock_request *request, const char *name)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const char *has = lock_seat_name(&request->seats[i]);

        if (has != NULL && strcmp(has, name) == 0)
            return true;
    }
    return false;
}

/* Those that hold seats, one after the other and in one go. */
static void compare_holders(struct pool_play *play, const char *pool)
{
    struct lock_request *holders[LOCK_HOLDERS_MOST], *holder = NULL;
    size_t count = lock_table_list_holders(play->table, pool, holders, LOCK_HOLDERS_MOST);

    for (size_t i = 0; i < count; i++) {
        holder = lock_table_next_holder(play->table, pool, holder);
        EXPECT(play, holders[i] == holder);
    }
    EXPECT(play, lock_table_list_holders(play->table, pool, holders, 1) == (count > 0));
    holder = lock_table_next_holder(play->table, pool, holder);
    /* A lock that had the name before has a holder of its own. */
    EXPECT(play, holder == NULL || (count == 0 && has_lock(holder, pool)));
}

static void compare_pools(struct pool_play *play)
{
    struct pool_state state;
    size_t index = 0;

    while (lock_table_next_pool(play->table, &index, &state)) {
        int pool = pool_play_number(state.name) - PM_POOL_NAMES;
        uint32_t waiting = 0;

        EXPECT(play, state.free == (uint32_t)pm_free(&play->model, pool));
        for (int i = 0; i < play->model.request_count; i++)
            waiting += play->model.requests[i].state == LOCK_WAITING &&
                       pm_tie(&play->model.requests[i], pool) != NULL;
        EXPECT(play, state.waiting == waiting);
        compare_holders(play, state.name);
    }
}

static void compare_limit(struct pool_play *play, const struct lock_reason_to_wait *reason,
                          const struct pm_request *wanted)
{
    const struct pm_credit *credit = &wanted->credits[wanted->credits_taken];

    EXPECT(play, reason->a == held_of_counter(play, credit));
    EXPECT(play, reason->a + reason->c == pm_used(&play->model, credit));
}

static bool tells_of_aside(const struct lock_reason_to_wait *reason)
{
    return reason->why == LOCK_WHY_ASIDE ||
           (reason->why == LOCK_WHY_OFFLINE && reason->rule == LOCK_RULE_OUTSIDE);
}

void pool_play_compare(struct pool_play *play)
{
    struct lock_request *request = NULL;

    compare_events(play);
    for (int i = 0; i < play->model.request_count; i++) {
        struct pm_request *wanted = &play->model.requests[i];
        struct lock_reason_to_wait reason;

        if (wanted->state != LOCK_WAITING)
            continue;
        request = lock_table_next_waiter(play->table, request);
        EXPECT(play, request != NULL);
        compare_waiting(play, request, wanted);
        EXPECT(play, lock_table_position(play->table, request) >= 1);
        lock_table_explain(play->table, request, &reason);
        EXPECT(play,
               (reason.why == LOCK_WHY_LIMIT) == (!wanted->away && wanted->stage == PM_HELD_BACK));
        if (reason.why == LOCK_WHY_LIMIT)
            compare_limit(play, &reason, wanted);
        EXPECT(play, reason.why == LOCK_WHY_AWAY ||
                         tells_of_aside(&reason) == (wanted->stage == PM_ASIDE));
        EXPECT(play,
               reason.why == LOCK_WHY_AWAY || reason.rule != LOCK_RULE_OUTSIDE ||
                   (reason.why == LOCK_WHY_OFFLINE) == pm_waits_for_offline(&play->model, wanted));
    }
    EXPECT(play, lock_table_next_waiter(play->table, request) == NULL);
    compare_takers(play);
    compare_pools(play);
}

/* FARMLOCK_SHOW=STEP shows what stands behind that step. */
void pool_play_done(struct pool_play *play)
{
    const char *show = getenv("FARMLOCK_SHOW");

    if (show != NULL && strtoull(show, NULL, 10) == play->step) {
        pool_play_show_rules(play);
    }
    pool_play_compare(play);
    pool_play_check(play);
    play->step++;
}

void pool_play_begin(struct pool_play *play)
{
    play->event_count = 0;
    play->model.event_count = 0;
    play->may_lose_room = play->is_reload = false;
    memcpy(&play->before, &play->model, offsetof(struct pool_model, requests));
    memcpy(play->before.requests, play->model.requests,
           (size_t)play->model.request_count * sizeof *play->model.requests);
}
