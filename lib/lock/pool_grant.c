/* Who is next for a seat of a pool: the grant rule of README.md.
 * Must not touch a grant, nor allocate. */
#include "pool_grant.h"

#include "collect.h"
#include "grant.h"
#include "pool_collect.h"
#include "pool_counter.h"
#include "pool_offline.h"
#include "pool_rules.h"
#include "pool_seat.h"
#include "pool_share.h"
#include "pool_tree.h"

static bool set_fault(struct lock_rule_fault *fault, enum lock_rule rule, const struct pool *pool,
                      const struct pool_place *at, int64_t wanted, int64_t most)
{
    *fault = (struct lock_rule_fault){
        .rule = rule,
        .pool = pool->name,
        .file = at->file,
        .line = at->line,
        .wanted = (uint32_t)wanted,
        .most = most > 0 ? (uint32_t)most : 0,
    };
    return true;
}

static bool exceeds_a_limit(const struct pool_standing *standing, struct lock_rule_fault *fault)
{
    for (uint32_t i = 0; standing->exceeds_a_limit && i < standing->credit_count; i++) {
        const struct pool_credit *credit = &standing->credits[i];

        if (credit->tie->amount > credit->counter->limit)
            return set_fault(fault, credit->counter->kind, credit->tie->pool,
                             pool_counter_place(credit->counter), credit->tie->amount,
                             credit->counter->limit);
    }
    return false;
}

static bool exceeds_the_seats(const struct pool_want *want, struct lock_rule_fault *fault)
{
    const struct pool *pool = want->tie->pool;
    int64_t needed = want->tie->request->groups[want->group].needed;
    int64_t seats = want->is_whole ? pool->size : want->seat_count;
    int64_t room = pool_rules_capacity(pool->config, want->tie->reserve_class, seats);
    int64_t now = room - pool_count_offline(want) - pool_outside(pool);

    if (needed > seats)
        return set_fault(fault, LOCK_RULE_SIZE, pool, &pool->config->at, needed, seats);
    if (needed > room)
        return set_fault(fault, LOCK_RULE_RESERVE, pool, &pool->config->reserves[0].at, needed,
                         room);
    if (needed > now)
        return set_fault(fault, LOCK_RULE_OUTSIDE, pool, &pool->config->at, needed, now);
    return false;
}

bool pool_find_aside(const struct lock_request *request, struct lock_rule_fault *fault)
{
    const struct pool_standing *standing = request->pooled;

    if (exceeds_a_limit(standing, fault))
        return true;
    for (uint32_t i = 0; i < standing->want_count; i++) {
        if (exceeds_the_seats(&standing->wants[i], fault))
            return true;
    }
    return false;
}

static void count_aside(const struct pool_standing *standing, int change)
{
    for (uint32_t i = 0; i < standing->tie_count; i++)
        standing->ties[i].pool->aside_count += (size_t)change;
}

static void become_candidate(struct pool_set *set, struct pool_standing *standing)
{
    standing->stage = POOL_CANDIDATE;
    for (uint32_t i = 0; i < standing->want_count; i++)
        pool_want_enter_lines(&standing->wants[i]);
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        if (standing->ties[i].pool->has_rules)
            pool_set_ready(set, standing->ties[i].pool, true);
    }
}

void pool_enter(struct lock_table *table, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;

    if (standing->is_unknown) /* it is aside for good, or until a reload */
        return;
    if (pool_find_aside(request, &standing->aside)) {
        standing->stage = POOL_ASIDE;
        count_aside(standing, 1);
    } else if (!standing->has_rules) {
        standing->stage = POOL_SELECTED;
        if (table->pools->is_restoring)
            pool_queue_all(request);
        else
            pool_collect(table, request);
    } else if (pool_counter_advance(table->pools, standing)) {
        become_candidate(table->pools, standing);
    }
}

static void leave_queues(struct lock_table *table, struct lock_request *request)
{
    for (uint32_t i = 0; i < request->pooled->want_count; i++)
        pool_want_leave_queue(&request->pooled->wants[i]);
    for (size_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state != LOCK_SEAT_QUEUED)
            continue;
        lock_seat_leave_queue(&request->seats[i]);
        lock_let_reader_look(table, request->seats[i].lock);
    }
}

void pool_stand_nowhere(struct lock_table *table, struct lock_request *request)
{
    struct pool_standing *standing = request->pooled;

    switch (standing->stage) {
    case POOL_STANDS_NOWHERE:
        break;
    case POOL_ASIDE:
        count_aside(standing, -1);
        break;
    case POOL_HELD_BACK:
        pool_counter_leave(table->pools, standing);
        break;
    case POOL_CANDIDATE:
        for (uint32_t i = 0; i < standing->want_count; i++)
            pool_want_leave_lines(&standing->wants[i]);
        break;
    case POOL_SELECTED:
        leave_queues(table, request);
        standing->stage = POOL_STANDS_NOWHERE;
        pool_hide_promises(request);
        break;
    }
    standing->stage = POOL_STANDS_NOWHERE;
}

/* The lowest ticket of the selected that may have this seat. */
static struct pool_entry *first_for_seat(const struct pool *pool, uint32_t seat)
{
    struct pool_entry *best = NULL;

    for (uint32_t node = pool->leaves + seat; node > 0; node /= 2) {
        struct tree_node *first = tree_first(&pool->queues[node].selected);
        struct pool_entry *entry =
            first != NULL ? tree_entry(first, struct pool_entry, node) : NULL;

        if (entry != NULL &&
            (best == NULL || entry->want->tie->request->ticket < best->want->tie->request->ticket))
            best = entry;
    }
    return best;
}

/* In a pool that keeps room: the lowest ticket of the selected for whose class there is some. */
static struct pool_entry *first_with_room(const struct pool *pool)
{
    struct pool_entry *best = NULL;

    for (uint32_t i = 0; i < pool->class_count; i++) {
        struct tree_node *first = tree_first(&pool->queues[i].selected);
        struct pool_entry *entry =
            first != NULL ? tree_entry(first, struct pool_entry, node) : NULL;

        if (entry == NULL || pool_room(pool, i) < 1)
            continue;
        if (best == NULL || entry->want->tie->request->ticket < best->want->tie->request->ticket)
            best = entry;
    }
    return best;
}

static void give(struct lock_table *table, const struct pool_entry *entry, int32_t seat,
                 int64_t now_ms)
{
    struct lock_request *request = entry->want->tie->request;

    pool_give(entry->want, seat);
    lock_request_grant_if_ready(table, request, now_ms);
}

static void serve_with_room(struct lock_table *table, struct pool *pool, int64_t now_ms)
{
    struct pool_entry *entry;

    while (pool->free > 0 && (entry = first_with_room(pool)) != NULL)
        give(table, entry, pool_tree_node(pool, POOL_ROOT)->best_free, now_ms);
}

void pool_serve(struct lock_table *table, struct pool *pool, uint32_t seat, int64_t now_ms)
{
    struct pool_entry *entry;

    if (pool->keeps_room)
        serve_with_room(table, pool, now_ms);
    else if (pool_seat_is_free(pool, seat) && (entry = first_for_seat(pool, seat)) != NULL)
        give(table, entry, (int32_t)seat, now_ms);
    if (pool->has_rules)
        pool_set_ready(table->pools, pool, true);
}

/* Picks the better one of a line, or NULL, and the best of a queue. */
typedef struct pool_line *pick_fn(struct pool_line *best, const struct pool *pool, uint32_t queue);

static struct pool_line *pick_by_use(struct pool_line *best, const struct pool *pool,
                                     uint32_t queue)
{
    struct tree_node *first = tree_first(&pool->queues[queue].lines);
    struct pool_line *line = first != NULL ? tree_entry(first, struct pool_line, queue_node) : NULL;

    if (line == NULL || best == NULL)
        return line != NULL ? line : best;
    return pool_line_compare(&line->queue_node, &best->queue_node) < 0 ? line : best;
}

static bool is_within_part(const struct pool_share *share, uint32_t reserve_class)
{
    return pool_share_is_within_part(share, pool_seats_for(share->pool, reserve_class));
}

static struct pool_line *pick_within_part(struct pool_line *best, const struct pool *pool,
                                          uint32_t queue)
{
    struct tree_node *first = tree_first(&pool->queues[queue].parts);
    struct pool_line *line = first != NULL ? tree_entry(first, struct pool_line, part_node) : NULL;

    if (line == NULL || !is_within_part(line->share, pool->keeps_room ? queue : 0))
        return best;
    return best == NULL || pool_line_compare_parts(&line->part_node, &best->part_node) < 0 ? line
                                                                                           : best;
}

static struct pool_line *best_with_room(const struct pool *pool, pick_fn *pick)
{
    struct pool_line *best = NULL;

    for (uint32_t i = 0; pool->free > 0 && i < pool->class_count; i++) {
        if (tree_count(&pool->queues[i].lines) > 0 && pool_room(pool, i) >= 1)
            best = pick(best, pool, i);
    }
    return best;
}

/* The best line of those nodes at or below this that have a free seat; no deeper than the tree. */
static struct pool_line *best_below(struct pool *pool, uint32_t node, struct pool_line *best,
                                    pick_fn *pick)
{
    const struct pool_node *it = pool_tree_node(pool, node);

    if (it->eligible == 0)
        return best;
    if (it->best_free != POOL_NO_SEAT)
        best = pick(best, pool, node);
    if (node < pool->leaves) {
        best = best_below(pool, 2 * node, best, pick);
        best = best_below(pool, 2 * node + 1, best, pick);
    }
    return best;
}

static struct pool_line *best_line(struct pool *pool, pick_fn *pick)
{
    return pool->keeps_room ? best_with_room(pool, pick) : best_below(pool, POOL_ROOT, NULL, pick);
}

static void select_request(struct lock_table *table, struct lock_request *request, int64_t now_ms)
{
    struct pool_standing *standing = request->pooled;

    /* Its class may be of nobody, and weigh nothing, when it stands there no more. */
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        struct pool_tie *tie = &standing->ties[i];

        tie->is_turn = tie->share != NULL && !is_within_part(tie->share, tie->reserve_class);
    }
    pool_stand_nowhere(table, request);
    standing->stage = POOL_SELECTED;
    for (uint32_t i = 0; i < standing->tie_count; i++) {
        const struct pool_tie *tie = &standing->ties[i];

        if (tie->share != NULL)
            pool_share_charge(tie->share, tie->amount, tie->is_turn);
    }
    pool_collect(table, request);
    lock_request_grant_if_ready(table, request, now_ms);
}

/* Whom the pool selects next; NULL when no candidate can be. */
static struct lock_request *next_to_select(struct pool *pool)
{
    const struct pool_line *line =
        pool->config->share.is_set ? best_line(pool, pick_within_part) : NULL;

    if (line == NULL)
        line = best_line(pool, pick_by_use);
    if (line == NULL)
        return NULL;
    return tree_entry(tree_first(&line->candidates), struct pool_entry, node)->want->tie->request;
}

bool pool_would_select(const struct lock_request *request)
{
    for (uint32_t i = 0; i < request->pooled->tie_count; i++) {
        struct pool *pool = request->pooled->ties[i].pool;

        if (pool->has_rules && next_to_select(pool) == request)
            return true;
    }
    return false;
}

/* Returns false when no candidate can be selected. */
static bool select_one(struct lock_table *table, struct pool *pool, int64_t now_ms)
{
    struct lock_request *request = next_to_select(pool);

    if (request != NULL)
        select_request(table, request, now_ms);
    return request != NULL;
}

/* Of two ties that have promises, that of the higher ticket. */
static struct pool_tie *later_tie(struct pool_tie *a, struct pool_tie *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    return a->request->ticket > b->request->ticket ? a : b;
}

void pool_mend(struct lock_table *table, struct pool *pool)
{
    while (pool->keeps_room && pool_slack(pool) < 0) {
        struct pool_tie *last = NULL;

        for (uint32_t i = 0; i < pool->class_count; i++) {
            struct tree_node *first = tree_first(&pool->classes[i].promised);

            /* Of a class that has no more than its reserve it would only become unmet. */
            if (first != NULL && pool->classes[i].taken > pool->classes[i].seats)
                last = later_tie(last, tree_entry(first, struct pool_tie, promise_node));
        }
        if (last == NULL)
            return;
        pool_end_promise(pool_lowest_promise(last));
        pool_set_ready(table->pools, pool, true);
        lock_look_again(table, last->request);
    }
}

static bool look_once(struct lock_table *table, int64_t now_ms)
{
    struct lock_request *request = lock_next_to_look(table);

    if (request == NULL)
        return false;
    pool_collect(table, request);
    lock_request_grant_if_ready(table, request, now_ms);
    return true;
}

bool pool_let_one_through(struct pool_set *set)
{
    struct pool_standing *standing = pool_counter_let_through(set);

    if (standing == NULL)
        return false;
    become_candidate(set, standing);
    return true;
}

static bool select_in_one_pool(struct lock_table *table, int64_t now_ms)
{
    struct tree_node *first;

    while ((first = tree_first(&table->pools->ready_pools)) != NULL) {
        struct pool *pool = tree_entry(first, struct pool, ready_node);

        if (select_one(table, pool, now_ms))
            return true;
        pool_set_ready(table->pools, pool, false);
    }
    return false;
}

void pool_settle(struct lock_table *table, int64_t now_ms)
{
    if (table->pools->is_restoring)
        return;
    while (look_once(table, now_ms) || pool_let_one_through(table->pools) ||
           select_in_one_pool(table, now_ms))
        ;
}
