/* Limits of pools: credit is taken in one order, and nobody passes who waits for it.
 * Must not know what a seat is. */
#include "pool_counter.h"

#include <stdlib.h>
#include <string.h>

#include "pool_row.h"

static int compare(const struct pool_counter *a, const struct pool_counter *b)
{
    int order = lock_compare_numbers(a->kind, b->kind);

    if (order == 0)
        order = lock_compare_numbers(a->pool->serial, b->pool->serial);
    if (order == 0)
        order = lock_compare_numbers(a->line, b->line);
    return order != 0 ? order : strcmp(a->value, b->value);
}

int pool_counter_compare(const struct tree_node *a, const struct tree_node *b)
{
    return compare(tree_entry(a, const struct pool_counter, key_node),
                   tree_entry(b, const struct pool_counter, key_node));
}

int pool_counter_compare_ready(const struct tree_node *a, const struct tree_node *b)
{
    return compare(tree_entry(a, const struct pool_counter, ready_node),
                   tree_entry(b, const struct pool_counter, ready_node));
}

static const struct pool_credit *next_credit(const struct pool_standing *standing)
{
    return &standing->credits[standing->credits_taken];
}

/* By the head start that the counter's own pool gives. */
static int compare_waiting(const struct tree_node *a, const struct tree_node *b)
{
    const struct pool_standing *left = tree_entry(a, const struct pool_standing, limit_node);
    const struct pool_standing *right = tree_entry(b, const struct pool_standing, limit_node);
    int64_t left_ms = next_credit(left)->tie->order_ms;
    int64_t right_ms = next_credit(right)->tie->order_ms;

    if (left_ms != right_ms)
        return left_ms < right_ms ? -1 : 1;
    return lock_compare_numbers(left->request->ticket, right->request->ticket);
}

static struct pool_counter *create(struct pool *pool, const struct pool_charge *charge)
{
    size_t size = strlen(charge->value) + 1;
    struct pool_counter *counter = malloc(sizeof *counter + size);

    if (counter == NULL)
        return NULL;
    *counter = (struct pool_counter){
        .kind = charge->rule,
        .line = charge->line,
        .limit = charge->limit,
        .source = charge->source,
        .pool = pool,
        .waiting.compare = compare_waiting,
    };
    memcpy(counter->value, charge->value, size);
    return counter;
}

/* Compares a charge with a counter that there is, as compare() would. */
static int compare_charge(const struct pool *pool, const struct pool_charge *charge,
                          const struct pool_counter *counter)
{
    int order = lock_compare_numbers(charge->rule, counter->kind);

    if (order == 0)
        order = lock_compare_numbers(pool->serial, counter->pool->serial);
    if (order == 0)
        order = lock_compare_numbers(charge->line, counter->line);
    return order != 0 ? order : strcmp(charge->value, counter->value);
}

struct pool_counter *pool_counter_get(struct pool_set *set, struct pool *pool,
                                      const struct pool_charge *charge)
{
    const struct tree_node *node = set->counters.root;
    struct pool_counter *counter;

    while (node != NULL) {
        int order;

        counter = tree_entry(node, struct pool_counter, key_node);
        order = compare_charge(pool, charge, counter);
        if (order == 0) {
            counter->references++;
            return counter;
        }
        node = order < 0 ? node->left : node->right;
    }
    counter = create(pool, charge);
    if (counter == NULL)
        return NULL;
    counter->references = 1;
    tree_insert(&set->counters, &counter->key_node);
    return counter;
}

/* That of a standing, in the pool's predecessor, which counts the same. */
static struct pool_counter *find_predecessor(const struct pool_standing *before,
                                             const struct pool *pool,
                                             const struct pool_charge *charge)
{
    for (uint32_t i = 0; before != NULL && i < before->credit_count; i++) {
        struct pool_counter *counter = before->credits[i].counter;

        if (counter->pool->successor == pool && counter->kind == charge->rule &&
            counter->line == charge->line && strcmp(counter->value, charge->value) == 0)
            return counter;
    }
    return NULL;
}

struct pool_counter *pool_counter_get_after(struct pool_set *set, struct pool *pool,
                                            const struct pool_charge *charge,
                                            const struct pool_standing *before)
{
    struct pool_counter *predecessor = find_predecessor(before, pool, charge), *counter;

    if (predecessor != NULL && predecessor->successor != NULL) {
        predecessor->successor->references++;
        return predecessor->successor;
    }
    counter = pool_counter_get(set, pool, charge);
    if (counter == NULL || predecessor == NULL || counter->predecessor != NULL)
        return counter;
    counter->predecessor = predecessor;
    predecessor->successor = counter;
    return counter;
}

static void set_ready(struct pool_set *set, struct pool_counter *counter, bool is_ready)
{
    if (counter->is_ready == is_ready)
        return;
    counter->is_ready = is_ready;
    if (is_ready)
        tree_insert(&set->ready_counters, &counter->ready_node);
    else
        tree_remove(&set->ready_counters, &counter->ready_node);
}

static void destroy(struct pool_set *set, struct pool_counter *counter)
{
    set_ready(set, counter, false);
    tree_remove(&set->counters, &counter->key_node);
    if (counter->successor != NULL)
        counter->successor->predecessor = NULL;
    if (counter->predecessor != NULL)
        counter->predecessor->successor = NULL;
    free(counter);
}

void pool_counter_put(struct pool_set *set, struct pool_counter *counter)
{
    counter->references--;
    if (counter->references == 0)
        destroy(set, counter);
}

/* The first counter of a kind that a pool has, or NULL. */
static struct pool_counter *first_of(const struct pool_set *set, enum lock_rule kind,
                                     const struct pool *pool)
{
    struct tree_node *node = set->counters.root;
    struct pool_counter *first = NULL;

    while (node != NULL) {
        struct pool_counter *counter = tree_entry(node, struct pool_counter, key_node);
        int order = lock_compare_numbers(kind, counter->kind);

        if (order == 0)
            order = lock_compare_numbers(pool->serial, counter->pool->serial);
        if (order == 0)
            first = counter;
        node = order <= 0 ? node->left : node->right;
    }
    return first;
}

void pool_counter_retire(struct pool_set *set, const struct pool *pool)
{
    struct tree_node *node = tree_first(&set->ready_counters), *next;

    for (; node != NULL; node = next) {
        struct pool_counter *counter = tree_entry(node, struct pool_counter, ready_node);

        next = tree_next(&set->ready_counters, node);
        if (counter->pool == pool)
            set_ready(set, counter, false);
    }
}

bool pool_counter_forget_one(struct pool_set *set, const struct pool *pool)
{
    for (enum lock_rule kind = LOCK_RULE_LIMIT_JOB; kind <= LOCK_RULE_LIMIT_TOGETHER; kind++) {
        struct pool_counter *counter = first_of(set, kind, pool);

        if (counter == NULL)
            continue;
        destroy(set, counter);
        return true;
    }
    return false;
}

const struct pool_place *pool_counter_place(const struct pool_counter *counter)
{
    return &counter->pool->config->limits[counter->source].at;
}

static bool fits(const struct pool_credit *credit)
{
    return credit->counter->used + credit->tie->amount <= credit->counter->limit;
}

/* Whether a request would be the first to wait at the counter of one of its credits. */
static bool goes_before(const struct pool_standing *standing, const struct pool_credit *credit,
                        const struct tree_node *first)
{
    const struct pool_standing *other = tree_entry(first, const struct pool_standing, limit_node);
    int64_t other_ms = next_credit(other)->tie->order_ms;

    if (credit->tie->order_ms != other_ms)
        return credit->tie->order_ms < other_ms;
    return standing->request->ticket < other->request->ticket;
}

static void take(struct pool_standing *standing)
{
    const struct pool_credit *credit = next_credit(standing);

    credit->counter->used += credit->tie->amount;
    credit->counter->held += standing->request->token != 0 ? credit->tie->amount : 0;
    standing->credits_taken++;
}

/* Returns false when there is none. */
static bool wait_at_next(struct pool_set *set, struct pool_standing *standing)
{
    struct pool_counter *counter;

    if (standing->credits_taken == standing->credit_count)
        return false;
    counter = next_credit(standing)->counter;
    standing->stage = POOL_HELD_BACK;
    pool_row_add(counter->pool, &counter->row, &counter->waiting, &standing->limit_node);
    set_ready(set, counter, true);
    return true;
}

bool pool_counter_advance(struct pool_set *set, struct pool_standing *standing)
{
    while (standing->credits_taken < standing->credit_count) {
        const struct pool_credit *credit = next_credit(standing);

        if ((set->is_restoring && !set->is_in_order) || tree_count(&credit->counter->waiting) > 0 ||
            !fits(credit))
            break;
        take(standing);
    }
    return !wait_at_next(set, standing);
}

bool pool_counter_would_pass(const struct pool_standing *standing)
{
    for (uint32_t i = 0; i < standing->credit_count; i++) {
        const struct pool_credit *credit = &standing->credits[i];
        const struct tree_node *first = tree_first(&credit->counter->waiting);

        if (!fits(credit) || (first != NULL && !goes_before(standing, credit, first)))
            return false;
    }
    return true;
}

void pool_counter_leave(struct pool_set *set, struct pool_standing *standing)
{
    struct pool_counter *counter = next_credit(standing)->counter;

    tree_remove(&counter->waiting, &standing->limit_node);
    standing->stage = POOL_STANDS_NOWHERE;
    if (tree_count(&counter->waiting) > 0)
        set_ready(set, counter, true); /* it may have been the first, and wanted more */
}

struct pool_standing *pool_counter_let_through(struct pool_set *set)
{
    struct tree_node *node;

    while ((node = tree_first(&set->ready_counters)) != NULL) {
        struct pool_counter *counter = tree_entry(node, struct pool_counter, ready_node);
        struct tree_node *first = tree_first(&counter->waiting);
        struct pool_standing *standing =
            first != NULL ? tree_entry(first, struct pool_standing, limit_node) : NULL;

        if (standing == NULL || !fits(next_credit(standing))) {
            set_ready(set, counter, false);
            continue;
        }
        pool_counter_leave(set, standing);
        take(standing);
        if (!wait_at_next(set,
                          standing)) /* others may come there by a narrower one, and be first */
            return standing;
    }
    return NULL;
}

void pool_counter_give_back(struct pool_set *set, struct pool_standing *standing,
                            const struct pool_tie *tie, uint32_t seats)
{
    for (uint32_t i = 0; i < standing->credits_taken; i++) {
        struct pool_counter *counter = standing->credits[i].counter;

        if (standing->credits[i].tie != tie)
            continue;
        counter->held -= standing->request->token != 0 ? seats : 0;
        counter->used -= seats;
        if (tree_count(&counter->waiting) > 0)
            set_ready(set, counter, true);
    }
}

void pool_counter_note_grant(const struct pool_standing *standing)
{
    for (uint32_t i = 0; i < standing->credits_taken; i++)
        standing->credits[i].counter->held += standing->credits[i].tie->amount;
}

void pool_counter_charge(struct pool_standing *standing)
{
    while (standing->credits_taken < standing->credit_count)
        take(standing);
}
