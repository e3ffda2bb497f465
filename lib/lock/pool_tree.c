/* The segment tree over a pool's seats.
 * Must not change who has a seat. */
#include "pool_tree.h"

bool pool_seat_is_free(const struct pool *pool, uint32_t seat)
{
    const struct pool_seat *it = &pool->seats[seat];

    return it->lock->taken == NULL && !it->lock->is_offline && !it->leaving;
}

bool pool_seat_is_promise(const struct lock_seat *seat)
{
    const struct lock_request *request = seat->request;

    return seat->state == LOCK_SEAT_PROMISED && request->state == LOCK_WAITING &&
           (request->pooled == NULL || request->pooled->stage == POOL_SELECTED);
}

int32_t pool_first_free(const struct pool *pool, int32_t a, int32_t b)
{
    if (a == POOL_NO_SEAT || b == POOL_NO_SEAT)
        return a == POOL_NO_SEAT ? b : a;
    if (pool->config->seat_order == POOL_LONGEST_UNUSED_FIRST &&
        pool->seats[a].released != pool->seats[b].released)
        return pool->seats[a].released < pool->seats[b].released ? a : b;
    return a < b ? a : b;
}

static uint64_t ticket_of(const struct pool *pool, int32_t seat)
{
    return pool->seats[seat].lock->taken->request->ticket;
}

int32_t pool_last_promise(const struct pool *pool, int32_t a, int32_t b)
{
    uint64_t ticket_a, ticket_b;

    if (a == POOL_NO_SEAT || b == POOL_NO_SEAT)
        return a == POOL_NO_SEAT ? b : a;
    ticket_a = ticket_of(pool, a);
    ticket_b = ticket_of(pool, b);
    if (ticket_a != ticket_b)
        return ticket_a > ticket_b ? a : b;
    return a < b ? a : b;
}

static bool is_inner(const struct pool *pool, uint32_t node)
{
    return node < pool->leaves;
}

/* The left one of the two below an inner node; the right one is behind it. */
static const struct pool_node *left_of(const struct pool *pool, uint32_t node)
{
    return &pool->nodes[(size_t)2 * node];
}

/* Only in pools whose seats can be chosen does it matter which seat a candidate can use. */
static uint32_t count_eligible(const struct pool *pool, uint32_t node)
{
    const struct pool_node *it = &pool->nodes[node];
    uint32_t count = !pool->keeps_room && it->best_free != POOL_NO_SEAT &&
                     tree_count(&pool->queues[node].lines) > 0;

    if (is_inner(pool, node))
        count += left_of(pool, node)[0].eligible + left_of(pool, node)[1].eligible;
    return count;
}

static struct pool_node combine(const struct pool *pool, uint32_t node)
{
    const struct pool_node *left = left_of(pool, node), *right = left + 1;

    return (struct pool_node){
        .best_free = pool_first_free(pool, left->best_free, right->best_free),
        .best_promise = pool_last_promise(pool, left->best_promise, right->best_promise),
    };
}

static struct pool_node of_seat(const struct pool *pool, uint32_t seat)
{
    struct pool_node node = {.best_free = POOL_NO_SEAT, .best_promise = POOL_NO_SEAT};

    if (seat >= pool->size)
        return node;
    if (pool_seat_is_free(pool, seat))
        node.best_free = (int32_t)seat;
    else if (pool->seats[seat].lock->taken != NULL &&
             pool_seat_is_promise(pool->seats[seat].lock->taken))
        node.best_promise = (int32_t)seat;
    return node;
}

static void set_node(struct pool *pool, uint32_t node)
{
    struct pool_node *it = &pool->nodes[node];

    *it = is_inner(pool, node) ? combine(pool, node) : of_seat(pool, node - pool->leaves);
    it->eligible = count_eligible(pool, node);
}

static bool is_nothing(const struct pool_node *leaf)
{
    return leaf->best_free == POOL_NO_SEAT && leaf->best_promise == POOL_NO_SEAT;
}

/* Returns whether those above have to look: not where a seat was held, and is. */
static bool look_at_leaf(struct pool *pool, uint32_t node)
{
    bool was_nothing = is_nothing(&pool->nodes[node]);

    set_node(pool, node);
    return !was_nothing || !is_nothing(&pool->nodes[node]);
}

/* From two leaves, perhaps the same, up: none is looked at before both below it are right. */
static void look_above(struct pool *pool, uint32_t a, uint32_t b)
{
    while ((a /= 2) > 0) {
        b /= 2;
        set_node(pool, a);
        if (a != b)
            set_node(pool, b);
    }
}

static void look_at_stale(struct pool *pool)
{
    uint32_t node = pool->leaves + (uint32_t)pool->stale;

    if (pool->stale == POOL_NO_SEAT)
        return;
    pool->stale = POOL_NO_SEAT;
    if (look_at_leaf(pool, node))
        look_above(pool, node, node);
}

const struct pool_node *pool_tree_node(struct pool *pool, uint32_t node)
{
    look_at_stale(pool);
    return &pool->nodes[node];
}

void pool_tree_update(struct pool *pool, uint32_t seat)
{
    uint32_t node = pool->leaves + seat, stale = pool->leaves + (uint32_t)pool->stale;

    if (seat >= pool->size || pool->stale == (int32_t)seat)
        return;
    if (pool->stale == POOL_NO_SEAT || !look_at_leaf(pool, stale)) {
        pool->stale = (int32_t)seat;
        return;
    }
    pool->stale = POOL_NO_SEAT;
    set_node(pool, node);
    look_above(pool, node, stale);
}

void pool_tree_update_eligible(struct pool *pool, uint32_t node)
{
    look_at_stale(pool);
    for (; node > 0; node /= 2) {
        uint32_t eligible = count_eligible(pool, node);

        if (pool->nodes[node].eligible == eligible)
            return;
        pool->nodes[node].eligible = eligible;
    }
}

void pool_tree_update_all(struct pool *pool)
{
    pool->stale = POOL_NO_SEAT;
    for (uint32_t node = 2 * pool->leaves - 1; node > 0; node--)
        set_node(pool, node);
}

void pool_tree_seats(const struct pool *pool, uint32_t node, uint32_t *first, uint32_t *end)
{
    uint32_t width = 1;

    while (is_inner(pool, node)) {
        node *= 2;
        width *= 2;
    }
    *first = node - pool->leaves;
    *end = *first + width;
}

uint32_t pool_tree_cover(const struct pool *pool, uint32_t first, uint32_t end, uint32_t *nodes)
{
    uint32_t left = pool->leaves + first, right = pool->leaves + end, count = 0;
    uint32_t behind[32], behind_count = 0; /* nodes from the right come last first */

    for (; left < right; left /= 2, right /= 2) {
        if (left % 2 == 1)
            nodes[count++] = left++;
        if (right % 2 == 1)
            behind[behind_count++] = --right;
    }
    while (behind_count > 0)
        nodes[count++] = behind[--behind_count];
    return count;
}
