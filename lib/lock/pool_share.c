/* Classes that take turns in a pool: start-time fair queueing over seats in use (after P. Goyal,
 * H. Vin and H. Cheng, SIGCOMM 1996).  Must not decide who is selected. */
#include "pool_share.h"

#include <stdlib.h>
#include <string.h>

#include "pool_row.h"
#include "pool_tree.h"

/* How many classes are remembered that nobody is of, but whose turn is later. */
enum { IDLE_MOST = 4096 };

int pool_share_compare_values(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct pool_share, value_node)->value,
                  tree_entry(b, const struct pool_share, value_node)->value);
}

int pool_share_compare_passes(const struct tree_node *a, const struct tree_node *b)
{
    const struct pool_share *left = tree_entry(a, const struct pool_share, idle_node);
    const struct pool_share *right = tree_entry(b, const struct pool_share, idle_node);
    int order = lock_compare_numbers(left->pass, right->pass);

    return order != 0 ? order : strcmp(left->value, right->value);
}

static int compare_by_queue(const struct tree_node *a, const struct tree_node *b)
{
    return lock_compare_numbers(tree_entry(a, const struct pool_line, share_node)->queue,
                                tree_entry(b, const struct pool_line, share_node)->queue);
}

static int compare_candidates(const struct tree_node *a, const struct tree_node *b)
{
    const struct pool_tie *left = tree_entry(a, const struct pool_entry, node)->want->tie;
    const struct pool_tie *right = tree_entry(b, const struct pool_entry, node)->want->tie;

    if (left->order_ms != right->order_ms)
        return left->order_ms < right->order_ms ? -1 : 1;
    return lock_compare_numbers(left->request->ticket, right->request->ticket);
}

/* Of their use with so many seats `more`. */
static int compare_lines(const struct pool_line *left, const struct pool_line *right, uint64_t more)
{
    int order = lock_compare_numbers((left->share->use + more) * right->share->weight,
                                     (right->share->use + more) * left->share->weight);

    if (order == 0)
        order = lock_compare_numbers(left->share->pass, right->share->pass);
    if (order == 0)
        order = compare_candidates(tree_first(&left->candidates), tree_first(&right->candidates));
    return order;
}

int pool_line_compare(const struct tree_node *a, const struct tree_node *b)
{
    return compare_lines(tree_entry(a, const struct pool_line, queue_node),
                         tree_entry(b, const struct pool_line, queue_node), 0);
}

int pool_line_compare_parts(const struct tree_node *a, const struct tree_node *b)
{
    return compare_lines(tree_entry(a, const struct pool_line, part_node),
                         tree_entry(b, const struct pool_line, part_node), 1);
}

bool pool_share_is_within_part(const struct pool_share *share, int64_t seats)
{
    return (int64_t)((share->use + (uint64_t)1) * share->pool->weight) <=
           seats * (int64_t)share->weight;
}

static struct pool_share *find(const struct pool *pool, const char *value)
{
    const struct tree_node *node = pool->shares.root;

    while (node != NULL) {
        struct pool_share *share = tree_entry(node, struct pool_share, value_node);
        int order = strcmp(value, share->value);

        if (order == 0)
            return share;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static struct pool_share *create(struct pool *pool, const char *value, uint32_t weight)
{
    size_t size = strlen(value) + 1;
    struct pool_share *share = malloc(sizeof *share + size);

    if (share == NULL)
        return NULL;
    *share = (struct pool_share){.pool = pool, .weight = weight, .lines.compare = compare_by_queue};
    memcpy(share->value, value, size);
    tree_insert(&pool->shares, &share->value_node);
    return share;
}

struct pool_share *pool_share_get(struct pool *pool, const char *value, uint32_t weight)
{
    struct pool_share *share = find(pool, value);

    if (share == NULL)
        share = create(pool, value, weight);
    if (share == NULL)
        return NULL;
    if (share->is_idle)
        tree_remove(&pool->idle, &share->idle_node);
    share->is_idle = false;
    share->references++;
    return share;
}

static void destroy(struct pool_share *share)
{
    tree_remove(&share->pool->shares, &share->value_node);
    free(share);
}

void pool_share_put(struct pool_share *share)
{
    struct pool *pool = share->pool;

    share->references--;
    if (share->references > 0)
        return;
    if (share->pass <= pool->virtual_time) {
        destroy(share);
        return;
    }
    share->is_idle = true;
    tree_insert(&pool->idle, &share->idle_node);
    pool_share_forget_idle(pool, IDLE_MOST);
}

static void destroy_lines(struct pool_share *share)
{
    struct tree_node *node;

    while ((node = tree_first(&share->lines)) != NULL) {
        tree_remove(&share->lines, node);
        free(tree_entry(node, struct pool_line, share_node));
    }
}

void pool_share_retire(struct pool *pool)
{
    pool->idle.root = NULL;
}

bool pool_share_forget_one(struct pool *pool)
{
    struct tree_node *node = tree_first(&pool->shares);

    if (node == NULL)
        return false;
    destroy_lines(tree_entry(node, struct pool_share, value_node));
    destroy(tree_entry(node, struct pool_share, value_node));
    return true;
}

static void forget_first_idle(struct pool *pool)
{
    struct pool_share *share = tree_entry(tree_first(&pool->idle), struct pool_share, idle_node);

    tree_remove(&pool->idle, &share->idle_node);
    destroy(share);
}

void pool_share_forget_idle(struct pool *pool, size_t keep)
{
    while (tree_count(&pool->idle) > keep)
        forget_first_idle(pool);
}

/* What is not ahead any more starts at the pool's time anyhow. */
static void forget_idle_behind(struct pool *pool)
{
    const struct tree_node *first;

    while ((first = tree_first(&pool->idle)) != NULL &&
           tree_entry(first, const struct pool_share, idle_node)->pass <= pool->virtual_time)
        forget_first_idle(pool);
}

struct pool_line *pool_line_get(struct pool_share *share, uint32_t queue)
{
    struct pool_line probe = {.queue = queue}, *line;
    struct tree_node *node = tree_find(&share->lines, &probe.share_node);

    if (node != NULL) {
        line = tree_entry(node, struct pool_line, share_node);
        line->references++;
        return line;
    }
    line = malloc(sizeof *line);
    if (line == NULL)
        return NULL;
    *line = (struct pool_line){
        .share = share, .queue = queue, .references = 1, .candidates.compare = compare_candidates};
    tree_insert(&share->lines, &line->share_node);
    return line;
}

void pool_line_put(struct pool_line *line)
{
    line->references--;
    if (line->references > 0)
        return;
    tree_remove(&line->share->lines, &line->share_node);
    free(line);
}

/* A line stands in its queue while it has candidates, and must be out of it while that changes by
 * which it stands there. */
static void put_in(struct pool_line *line)
{
    struct pool_queue *queue = &line->share->pool->queues[line->queue];

    if (tree_count(&line->candidates) == 0)
        return;
    tree_insert(&queue->lines, &line->queue_node);
    tree_insert(&queue->parts, &line->part_node);
}

static void take_out(struct pool_line *line)
{
    struct pool_queue *queue = &line->share->pool->queues[line->queue];

    if (tree_count(&line->candidates) == 0)
        return;
    tree_remove(&queue->lines, &line->queue_node);
    tree_remove(&queue->parts, &line->part_node);
}

static void for_all_lines(struct pool_share *share, void (*change)(struct pool_line *line))
{
    struct tree_node *node;

    if (share->candidates == 0)
        return;
    for (node = tree_first(&share->lines); node != NULL; node = tree_next(&share->lines, node))
        change(tree_entry(node, struct pool_line, share_node));
}

/* Behind a change of its use or its candidates. */
static void note_activity(struct pool_share *share)
{
    bool is_active = share->use > 0 || share->candidates > 0;

    if (is_active == share->is_active)
        return;
    share->is_active = is_active;
    share->pool->weight += is_active ? share->weight : -(uint64_t)share->weight;
}

/* Whether an entry is the first candidate of its line, or would be: by that the line stands. */
static bool is_first(const struct pool_line *line, const struct pool_entry *entry)
{
    const struct tree_node *first = tree_first(&line->candidates);

    return first == NULL || compare_candidates(&entry->node, first) <= 0;
}

void pool_line_enter(struct pool_entry *entry)
{
    struct pool_line *line = entry->line;
    struct pool_share *share = line->share;

    if (share->candidates == 0 && share->pass < share->pool->virtual_time)
        share->pass = share->pool->virtual_time;
    share->candidates++;
    if (!is_first(line, entry)) {
        pool_row_add(share->pool, &line->row, &line->candidates, &entry->node);
        return;
    }
    take_out(line);
    pool_row_add(share->pool, &line->row, &line->candidates, &entry->node);
    note_activity(share);
    put_in(line);
    pool_tree_update_eligible(share->pool, entry->queue);
}

void pool_line_leave(struct pool_entry *entry)
{
    struct pool_line *line = entry->line;

    line->share->candidates--;
    if (!is_first(line, entry)) {
        tree_remove(&line->candidates, &entry->node);
        return;
    }
    take_out(line);
    tree_remove(&line->candidates, &entry->node);
    note_activity(line->share);
    put_in(line);
    pool_tree_update_eligible(line->share->pool, entry->queue);
}

/* The class's lines must be out of their queues. */
static void charge_turn(struct pool_share *share, uint32_t seats)
{
    struct pool *pool = share->pool;

    if (pool->virtual_time < share->pass)
        pool->virtual_time = share->pass;
    forget_idle_behind(pool);
    /* Who had its part by holding long has not saved up turns meanwhile. */
    share->pass = pool->virtual_time;
    share->pass += (uint64_t)seats * POOL_PASS_UNIT / share->weight;
}

void pool_share_charge(struct pool_share *share, uint32_t seats, bool is_turn)
{
    for_all_lines(share, take_out);
    if (is_turn)
        charge_turn(share, seats);
    share->use += seats;
    note_activity(share);
    for_all_lines(share, put_in);
}

void pool_share_add_use(struct pool_share *share, int64_t seats)
{
    for_all_lines(share, take_out);
    share->use = (uint32_t)(share->use + seats);
    note_activity(share);
    for_all_lines(share, put_in);
}
