/* What a reload needs of those who wait and hold, made a little at a time before it.
 * Must not change what anybody has or where he stands. */
#include "pool_early.h"

#include "base/array.h"
#include "pool_concern.h"
#include "pool_heir.h"
#include "pool_standing.h"

/* From the first of those who wait with a ticket that is no lower. */
static struct tree_node *first_waiter(const struct pool_reload *reload, uint64_t ticket)
{
    const struct lock_request probe = {.ticket = ticket};

    return tree_at_least(&reload->table->waiting, &probe.ticket_node);
}

/* Memory that was never used takes the kernel longer than what will be done with it. */
static int expect_move(struct pool_reload *reload)
{
    struct pool_moves *waiting = &reload->waiting;
    struct pool_move *items =
        array_grow(waiting->items, &waiting->room, reload->expected, sizeof *items);

    if (items == NULL)
        return -1;
    waiting->items = items;
    items[reload->expected++] = (struct pool_move){0};
    return 0;
}

static int prepare_heir(struct pool_reload *reload, struct lock_request *request)
{
    if (!pool_is_concerned(reload, request))
        return 0;
    if (expect_move(reload) != 0)
        return -1;
    return pool_heir_prepare(reload->table, &reload->index, request);
}

/* Returns whether there are more of those who wait; -1 without memory. */
static int prepare_waiting_heirs(struct pool_reload *reload, size_t *most)
{
    struct tree_node *node = first_waiter(reload, reload->next_ticket);

    for (; node != NULL && *most > 0; --*most) {
        struct lock_request *request = tree_entry(node, struct lock_request, ticket_node);

        if (prepare_heir(reload, request) != 0)
            return -1;
        reload->next_ticket = request->ticket + 1;
        node = tree_next(&reload->table->waiting, node);
    }
    return node != NULL;
}

/* From the first holder of a pool with a token that is no lower. */
static struct tree_node *first_holder(const struct pool *pool, uint64_t token)
{
    struct lock_request request = {.token = token};
    const struct pool_tie probe = {.request = &request};

    return tree_at_least(&pool->holders, &probe.holder_node);
}

/* The same of those who hold seats of one pool. */
static int prepare_held_heirs_of(struct pool_reload *reload, const struct pool *pool, size_t *most)
{
    struct tree_node *node = first_holder(pool, reload->next_token);

    for (; node != NULL && *most > 0; --*most) {
        struct lock_request *request = tree_entry(node, struct pool_tie, holder_node)->request;

        if (pool_heir_prepare(reload->table, &reload->index, request) != 0)
            return -1;
        reload->next_token = request->token + 1;
        node = tree_next(&pool->holders, node);
    }
    return node != NULL;
}

static int prepare_held_heirs(struct pool_reload *reload, size_t *most)
{
    const struct pool_set *set = reload->table->pools;

    for (; reload->next_pool < set->pool_count; reload->next_pool++) {
        const struct pool *pool = set->pools[reload->next_pool];
        int result = pool->is_kept ? 0 : prepare_held_heirs_of(reload, pool, most);

        if (result != 0)
            return result;
        reload->next_token = 0;
    }
    return 0;
}

int pool_early_prepare(struct pool_reload *reload, size_t most)
{
    int result = prepare_waiting_heirs(reload, &most);

    return result != 0 ? result : prepare_held_heirs(reload, &most);
}

static void drop_heir(const struct pool_reload *reload, const struct lock_request *request)
{
    if (request->pooled != NULL)
        pool_standing_drop_heir(reload->table->pools, request->pooled);
}

void pool_early_drop(const struct pool_reload *reload)
{
    const struct pool_set *set = reload->table->pools;
    struct tree_node *node = reload->next_ticket > 0 ? first_waiter(reload, 0) : NULL;

    for (; node != NULL; node = tree_next(&reload->table->waiting, node))
        drop_heir(reload, tree_entry(node, struct lock_request, ticket_node));
    for (size_t i = 0; i < set->pool_count; i++) {
        for (node = tree_first(&set->pools[i]->holders); node != NULL;
             node = tree_next(&set->pools[i]->holders, node))
            drop_heir(reload, tree_entry(node, struct pool_tie, holder_node)->request);
    }
}
