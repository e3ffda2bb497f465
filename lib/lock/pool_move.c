/* Requests that a reload moves.
 * Must not give anything to anybody. */
#include "pool_move.h"

#include <errno.h>
#include <stdlib.h>

#include "grant.h"
#include "pool_ask.h"
#include "pool_grant.h"
#include "pool_hold.h"
#include "pool_index.h"
#include "pool_seat.h"
#include "pool_standing.h"
#include "pool_unknown.h"
#include "query.h"
#include "request.h"
#include "request_demand.h"
#include "sharing.h"

static int find_lock(struct lock_table *table, const char *name, struct lock_seat *seat)
{
    seat->lock = lock_find(table, name);
    if (seat->lock == NULL)
        seat->lock = lock_create(table, name);
    return seat->lock != NULL ? 0 : -1;
}

/* The seats of a demand: of single names with their locks, of pools without. */
static int prepare_seats(struct lock_table *table, const struct pool_demand *demand,
                         struct pool_move *move)
{
    const struct lock_ask *ask = demand->ask;
    size_t single = 0;
    uint32_t at = 0;

    move->seat_count = (uint32_t)pool_demand_seats(demand);
    move->seats = calloc(move->seat_count, sizeof *move->seats);
    if (move->seats == NULL)
        return -1;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; demand->parts[g].pool != NULL && i < ask->groups[g].count; i++)
            move->seats[at++] = (struct lock_seat){.request = move->request, .group = g};
        for (; single < demand->singles.name_count && demand->singles.names[single].group == g;
             single++) {
            move->seats[at] = (struct lock_seat){
                .request = move->request, .group = g, .is_shared = move->request->groups[g].shared};
            if (find_lock(table, demand->singles.names[single].name, &move->seats[at++]) != 0)
                return -1;
        }
    }
    return 0;
}

/* The standing of a demand that has a meaning; for one that a rule refuses, one that is aside. */
static int prepare_standing(struct lock_table *table, struct pool_demand *demand,
                            struct pool_move *move)
{
    struct pool_asker asker = pool_asker_of_request(move->request);

    pool_demand_judge(demand, &asker);
    for (size_t i = 0; i < demand->claim_count; i++) {
        if (demand->claims[i].verdict.refused == LOCK_RULE_NONE)
            continue;
        move->standing =
            pool_unknown_create(move->request, demand->ask, demand->claims[i].verdict.refused);
        return move->standing != NULL ? 0 : -1;
    }
    if (demand->claim_count == 0)
        return 0;
    move->standing = pool_standing_create(table->pools, move->request, demand);
    return move->standing != NULL ? 0 : -1;
}

static bool is_aside(const struct pool_move *move)
{
    return move->standing != NULL && move->standing->is_unknown;
}

static bool wants_pools_only(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    return standing != NULL && !standing->is_unknown &&
           standing->want_count == request->group_count;
}

static int prepare_known(struct lock_table *table, struct pool_demand *demand,
                         struct pool_move *move)
{
    if (move->is_early && demand->singles.name_count > 0)
        return 0;
    if (prepare_standing(table, demand, move) != 0)
        return -1;
    move->keeps_seats =
        !is_aside(move) && demand->singles.name_count == 0 && wants_pools_only(move->request);
    return is_aside(move) || move->keeps_seats ? 0 : prepare_seats(table, demand, move);
}

/* A request for any seat of a pool that is not declared any more does not turn to a lock of that
 * name. */
static bool is_gone(const struct pool_index *index, const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->want_count; i++) {
        const struct pool_name *found = pool_index_find(index, standing->wants[i].tie->pool->name);

        if (standing->wants[i].is_whole && (found == NULL || found->seat != POOL_NO_SEAT))
            return true;
    }
    return false;
}

static int prepare(struct lock_table *table, const struct pool_index *index,
                   const struct lock_ask *ask, struct pool_move *move)
{
    const struct pool_standing *old = move->request->pooled;
    enum lock_outcome outcome = LOCK_OUTCOME_BAD_COUNT;
    enum lock_rule rule = LOCK_RULE_GONE;
    struct pool_demand demand;
    const char *name;
    int result;

    if (!is_gone(index, move->request) &&
        (old == NULL || !old->is_unknown || pool_demand_is_one(index, ask, &name)))
        outcome = pool_demand_init(&demand, index, ask, &name);
    if (outcome == LOCK_OUTCOME_NO_MEMORY)
        return -1;
    if (outcome == LOCK_OUTCOME_GRANTED) {
        result = prepare_known(table, &demand, move);
        pool_demand_fini(&demand);
        return result;
    }
    rule = pool_unknown_rule(outcome);
    move->standing = pool_unknown_create(move->request, ask, rule);
    return move->standing != NULL ? 0 : -1;
}

int pool_move_prepare_aside(struct lock_table *table, struct pool_move *move, enum lock_rule rule)
{
    struct lock_ask ask = {.owner = move->request->owner};
    struct lock_demand words;
    int64_t asked_ms = move->asked_ms;

    if (lock_demand_of_request(&words, move->request) != 0)
        return -1;
    pool_move_cancel(table, move);
    move->asked_ms = asked_ms;
    ask.groups = words.groups;
    ask.group_count = words.group_count;
    move->standing = pool_unknown_create(move->request, &ask, rule);
    lock_demand_fini(&words);
    return move->standing != NULL ? 0 : -1;
}

enum { WHOLE_MOST = 4 };

/* The demand of a request for any seats of pools that have successors, made without its words. */
struct whole {
    struct pool_demand demand;
    struct lock_ask ask;
    struct lock_group groups[WHOLE_MOST];
    const char *names[WHOLE_MOST];
    struct pool_part parts[WHOLE_MOST];
    struct pool_claim claims[WHOLE_MOST];
};

static struct pool *pool_to_be(const struct pool *pool)
{
    return pool->is_kept ? (struct pool *)(uintptr_t)pool : pool->successor;
}

static bool is_whole(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    if (!wants_pools_only(request) || request->group_count > WHOLE_MOST)
        return false;
    for (uint32_t i = 0; i < standing->want_count; i++) {
        if (!standing->wants[i].is_whole || pool_to_be(standing->wants[i].tie->pool) == NULL)
            return false;
    }
    return true;
}

static void fill_whole(struct whole *whole, const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    whole->ask = (struct lock_ask){
        .owner = request->owner, .groups = whole->groups, .group_count = request->group_count};
    whole->demand = (struct pool_demand){.ask = &whole->ask,
                                         .parts = whole->parts,
                                         .claims = whole->claims,
                                         .claim_count = request->group_count};
    for (uint32_t g = 0; g < request->group_count; g++) {
        struct pool *pool = pool_to_be(standing->wants[g].tie->pool);
        uint32_t needed = request->groups[g].needed;

        whole->groups[g] =
            (struct lock_group){.names = &whole->names[g], .name_count = 1, .count = needed};
        whole->names[g] = pool->name;
        whole->parts[g] = (struct pool_part){.pool = pool, .is_whole = true};
        whole->claims[g].pool = pool;
        whole->claims[g].amount = needed;
    }
}

static int prepare_whole(struct lock_table *table, struct pool_move *move)
{
    struct whole whole;

    fill_whole(&whole, move->request);
    if (prepare_standing(table, &whole.demand, move) != 0)
        return -1;
    move->keeps_seats = !is_aside(move);
    return 0;
}

static int prepare_waiting(struct lock_table *table, const struct pool_index *index,
                           struct lock_request *request, struct pool_move *move)
{
    struct lock_ask ask = {.owner = request->owner};
    struct lock_demand words;
    int result;

    if (request->pooled != NULL)
        move->asked_ms = request->pooled->asked_ms;
    if (is_whole(request))
        return prepare_whole(table, move);
    if (lock_demand_of_request(&words, request) != 0)
        return -1;
    ask.groups = words.groups;
    ask.group_count = words.group_count;
    result = prepare(table, index, &ask, move);
    lock_demand_fini(&words);
    if (result != 0)
        pool_move_cancel(table, move);
    return result;
}

int pool_move_prepare_waiting(struct lock_table *table, const struct pool_index *index,
                              struct lock_request *request, struct pool_move *move)
{
    *move = (struct pool_move){.request = request, .asked_ms = request->asked_ms};
    return prepare_waiting(table, index, request, move);
}

int pool_move_prepare_early(struct lock_table *table, const struct pool_index *index,
                            struct lock_request *request, struct pool_standing **standing)
{
    struct pool_move move = {.request = request, .is_early = true};

    *standing = NULL;
    if (!wants_pools_only(request))
        return 0;
    if (prepare_waiting(table, index, request, &move) != 0)
        return -1;
    if (move.keeps_seats)
        *standing = move.standing;
    else
        pool_move_cancel(table, &move);
    return 0;
}

/* Where a held seat is to be: its pool by its name; or behind the seats of the pool that was its
 * own. */
static struct pool *pool_of_held(const struct pool_index *index, const struct lock *lock)
{
    const struct pool_name *found = pool_index_find(index, lock->name);

    if (found != NULL && found->seat != POOL_NO_SEAT)
        return found->pool;
    if (lock->pool == NULL)
        return NULL;
    return lock->pool->is_kept ? lock->pool : lock->pool->successor;
}

int pool_move_prepare_held(struct lock_table *table, const struct pool_index *index,
                           struct lock_request *request, struct pool_move *move)
{
    struct pool_asker asker = pool_asker_of_request(request);
    struct pool_holding *holdings = calloc(request->seat_count, sizeof *holdings);
    size_t count = 0;

    *move = (struct pool_move){.request = request};
    if (holdings == NULL)
        return -1;
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct pool *pool = request->seats[i].state == LOCK_SEAT_HELD
                                ? pool_of_held(index, request->seats[i].lock)
                                : NULL;
        size_t at = 0;

        if (pool == NULL)
            continue;
        while (at < count && holdings[at].pool != pool)
            at++;
        if (at == count)
            holdings[count++].pool = pool;
        holdings[at].seats++;
    }
    if (count > 0)
        move->standing = pool_hold_create(table->pools, request, holdings, count, &asker);
    free(holdings);
    return count > 0 && move->standing == NULL ? -1 : 0;
}

void pool_move_cancel(struct lock_table *table, struct pool_move *move)
{
    pool_standing_destroy(table->pools, move->standing);
    free(move->seats);
    *move = (struct pool_move){.request = move->request};
}

/* Promises end, and nobody is told. */
static void end_promises(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        struct lock_seat *seat = &request->seats[i];

        if (seat->state == LOCK_SEAT_QUEUED)
            lock_seat_leave_queue(seat);
        if (seat->state == LOCK_SEAT_PROMISED && seat->lock->pool != NULL)
            pool_end_hidden_promise(seat);
        else if (seat->state == LOCK_SEAT_PROMISED)
            lock_untake(seat);
        if (seat->lock != NULL)
            lock_seat_detach(seat);
    }
    request->full_groups = 0;
    for (uint32_t g = 0; g < request->group_count; g++)
        request->groups[g].taken = 0;
}

void pool_move_out(struct lock_table *table, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;
    bool was_selected = standing != NULL && standing->stage == POOL_SELECTED;

    if (request->state == LOCK_HELD) {
        if (standing != NULL)
            pool_hold_leave(table->pools, request);
        return;
    }
    if (standing != NULL)
        pool_stand_nowhere(table, request);
    end_promises(request);
    if (standing == NULL)
        return;
    pool_standing_give_back(table->pools, standing, was_selected);
    pool_standing_untie(table->pools, standing);
    pool_standing_destroy(table->pools, standing);
    request->pooled = NULL;
}

static bool goes_away(const struct pool_tie *tie, const struct lock_request *request)
{
    return !tie->pool->is_kept && (request->state == LOCK_HELD || tie->taken == 0);
}

bool pool_move_may_drop(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    if (standing == NULL ||
        (request->state == LOCK_WAITING && (!wants_pools_only(request) || request->is_looking)))
        return false;
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        if (!goes_away(&standing->ties[i], request))
            return false;
    }
    return true;
}

bool pool_move_concerns_others(const struct lock_request *request)
{
    const struct pool_standing *standing = request->pooled;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++) {
        if (standing->ties[i].pool->is_kept)
            return true;
    }
    for (uint32_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].lock != NULL && request->seats[i].lock->pool == NULL)
            return true;
    }
    return false;
}

static void install_seats(struct lock_request *request, const struct pool_move *move)
{
    if (move->keeps_seats)
        return;
    if (request->seats != request->own_seats)
        free(request->seats);
    request->seats = move->seats;
    request->seat_count = move->seat_count;
    for (uint32_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].lock != NULL)
            lock_seat_attach(&request->seats[i], request->seats[i].lock);
    }
}

/* A request that has nothing to do with pools queues for all it wants. */
static void queue(struct lock_request *request)
{
    for (uint32_t i = 0; i < request->seat_count && !request->away; i++) {
        request->seats[i].state = LOCK_SEAT_QUEUED;
        tree_insert(&request->seats[i].lock->queue, &request->seats[i].queue_node);
    }
}

static void enter(struct lock_table *table, const struct pool_move *move)
{
    struct lock_request *request = move->request;

    install_seats(request, move);
    if (request->pooled == NULL) {
        queue(request);
        return;
    }
    pool_set_order(request->pooled, move->asked_ms);
    pool_standing_tie(table->pools, request->pooled);
    pool_limit_hold(request);
    if (!request->away)
        pool_enter(table, request);
}

void pool_move_in(struct lock_table *table, const struct pool_move *move)
{
    struct lock_request *request = move->request;

    if (request->state == LOCK_WAITING) {
        enter(table, move);
    } else if (request->pooled != NULL) {
        pool_hold_enter(table->pools, request);
    }
}
