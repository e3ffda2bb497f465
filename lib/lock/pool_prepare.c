/* What is to be behind a reload of the pools, made before anything changes.
 * Must not change what anybody has or where he stands. */
#include "pool_prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "pool_concern.h"
#include "pool_create.h"
#include "pool_early.h"
#include "pool_groups.h"
#include "pool_heir.h"
#include "pool_replace.h"
#include "pool_standing.h"
#include "query.h"

enum { SOME = 64 }; /* nodes of a tree that are looked at at once */

/* A pool that is as it was stays; any other is made anew, with room for all that may be held. */
static int prepare_pool(struct pool_reload *reload, size_t at)
{
    struct pool_set *set = reload->table->pools;
    const struct pool_config *config = &reload->config->pools[at];
    struct pool *old = pool_of_set(set, config->name);

    if (old != NULL && pool_config_is_same(old->config, config) &&
        !(set->has_other_groups && pool_groups_matter(config))) {
        old->is_kept = true;
        reload->pools[at] = old;
        return 0;
    }
    reload->pools[at] =
        pool_create(config, set->next_serial++, old != NULL ? old->size + old->leaving : 0);
    if (old != NULL)
        old->successor = reload->pools[at];
    return reload->pools[at] != NULL ? 0 : -1;
}

static int prepare_names(struct pool_reload *reload)
{
    const struct pool_index *old = pool_index_of(reload->table);
    size_t count = 0;

    for (size_t i = 0; i < reload->config->pool_count; i++)
        count += 1 + reload->pools[i]->size;
    if (pool_index_init(&reload->index, count) != 0)
        return -1;
    for (size_t i = 0; i < reload->config->pool_count; i++)
        pool_index_add(&reload->index, reload->pools[i]);
    pool_index_settle(&reload->index);
    reload->has_new_names = !pool_index_has_all(old, &reload->index);
    reload->moves_locks = reload->has_new_names || !pool_index_has_all(&reload->index, old);
    return 0;
}

static int prepare_pools(struct pool_reload *reload)
{
    struct pool_set *set = reload->table->pools;

    for (size_t i = 0; i < set->pool_count; i++) {
        set->pools[i]->is_kept = false;
        set->pools[i]->successor = NULL;
    }
    reload->pools = calloc(reload->config->pool_count + 1, sizeof(struct pool *));
    if (reload->pools == NULL)
        return -1;
    for (size_t i = 0; i < reload->config->pool_count; i++) {
        if (prepare_pool(reload, i) != 0)
            return -1;
    }
    return prepare_names(reload);
}

static int compare_locks_and_owners(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_seat *left = tree_entry(a, const struct lock_seat, owner_node);
    const struct lock_seat *right = tree_entry(b, const struct lock_seat, owner_node);

    if (left->lock != right->lock)
        return (uintptr_t)left->lock < (uintptr_t)right->lock ? -1 : 1;
    return strcmp(left->request->owner, right->request->owner);
}

/* What was of a pool, or meant nothing, may now mean a lock that its owner has another request for.
 */
static bool is_named_twice(const struct pool_reload *reload, const struct lock_seat *seat)
{
    const char *owner = seat->request->owner;
    const struct lock_seat *taken = seat->lock->taken;
    const struct lock_seat *other = lock_seat_of_owner(seat->lock, owner);

    if (taken != NULL && taken->state == LOCK_SEAT_HELD && !taken->is_kept &&
        strcmp(taken->request->owner, owner) == 0)
        return true;
    if (other != NULL && other->request != seat->request &&
        !pool_is_concerned(reload, other->request))
        return true;
    return tree_find(&reload->promised_locks, &seat->owner_node) != NULL;
}

/* Returns -1 when there is no memory. */
static int note_locks(struct pool_reload *reload, struct pool_move *move)
{
    for (uint32_t i = 0; i < move->seat_count; i++) {
        if (move->seats[i].lock != NULL && is_named_twice(reload, &move->seats[i]))
            return pool_move_prepare_aside(reload->table, move, LOCK_RULE_TWICE);
    }
    for (uint32_t i = 0; i < move->seat_count; i++) {
        if (move->seats[i].lock != NULL)
            tree_insert(&reload->promised_locks, &move->seats[i].owner_node);
    }
    return 0;
}

static struct pool_move *add_move(struct pool_moves *moves)
{
    struct pool_move *items = array_grow(moves->items, &moves->room, moves->count, sizeof *items);

    if (items == NULL)
        return NULL;
    moves->items = items;
    return &items[moves->count];
}

/* Sees whether a request is served behind all those with lower tickets, wherever it stands. */
static void note_order(struct pool_reload *reload, const struct pool_move *move)
{
    for (uint32_t i = 0; move->standing != NULL && i < move->standing->tie_count; i++) {
        const struct pool_tie *tie = &move->standing->ties[i];
        int64_t order_ms = tie->order_ms + move->asked_ms;

        /* Who stands in one that stays, and came later, would hold it up. */
        reload->in_order &= !tie->pool->is_kept && order_ms >= tie->pool->latest_order_ms;
        tie->pool->latest_order_ms = order_ms;
    }
}

/* Sees whether a request need not be taken out of anything; or else, whether that may let others in
 * who stay where they are. */
static void note_dropped(struct pool_reload *reload, struct pool_move *move)
{
    if (pool_move_may_drop(move->request))
        move->dropped = move->request->pooled;
    else
        reload->lets_others_in |= pool_move_concerns_others(move->request);
}

static int prepare_waiter(struct pool_reload *reload, struct lock_request *request,
                          int64_t *asked_ms)
{
    struct pool_move *move;

    if (!pool_heir_is_right(request) && !pool_is_concerned(reload, request))
        return 0;
    move = add_move(&reload->waiting);
    if (move == NULL ||
        (!pool_heir_take(reload->table, request, move) &&
         pool_move_prepare_waiting(reload->table, &reload->index, request, move) != 0))
        return -1;
    if (move->asked_ms < *asked_ms)
        move->asked_ms = *asked_ms;
    *asked_ms = move->asked_ms;
    reload->waiting.count++;
    reload->moves_locks |= !move->keeps_seats;
    note_order(reload, move);
    if (note_locks(reload, move) != 0)
        return -1;
    note_dropped(reload, move);
    return 0;
}

/* Who waits has come long ago, and what each has is far from the next: looking for the memory of
 * some of them at once takes a fraction of the time. */
static void fetch_some(struct tree_node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pool_fetch(tree_entry(nodes[i], struct lock_request, ticket_node)->pooled,
                   sizeof(struct pool_standing));
    for (size_t i = 0; i < count; i++) {
        const struct pool_standing *standing =
            tree_entry(nodes[i], struct lock_request, ticket_node)->pooled;

        if (standing == NULL)
            continue;
        pool_fetch(standing->ties, sizeof *standing->ties);
        pool_fetch(standing->heir, sizeof *standing + sizeof *standing->ties);
    }
}

static int prepare_waiting(struct pool_reload *reload)
{
    struct tree_node *some[SOME], *last = NULL;
    int64_t asked_ms = INT64_MIN;
    size_t count;

    reload->in_order = true;
    while ((count = tree_list(&reload->table->waiting, last, some, SOME)) > 0) {
        fetch_some(some, count);
        for (size_t i = 0; i < count; i++) {
            if (prepare_waiter(reload, tree_entry(some[i], struct lock_request, ticket_node),
                               &asked_ms) != 0)
                return -1;
        }
        last = some[count - 1];
    }
    return 0;
}

static int prepare_holder(struct pool_reload *reload, struct lock_request *request)
{
    struct pool_move *move;

    if (request->renewal == reload->table->renewal || !pool_is_concerned(reload, request))
        return 0;
    request->renewal = reload->table->renewal; /* each once */
    move = add_move(&reload->held);
    if (move == NULL || (!pool_heir_take(reload->table, request, move) &&
                         pool_move_prepare_held(reload->table, &reload->index, request, move) != 0))
        return -1;
    reload->held.count++;
    reload->moves_locks |= move->standing == NULL || request->pooled == NULL;
    if (pool_move_may_drop(request))
        move->dropped = request->pooled;
    return 0;
}

static int prepare_holders_of(struct pool_reload *reload, const struct pool *pool)
{
    struct tree_node *node;

    for (node = tree_first(&pool->holders); node != NULL; node = tree_next(&pool->holders, node)) {
        if (prepare_holder(reload, tree_entry(node, struct pool_tie, holder_node)->request) != 0)
            return -1;
    }
    return 0;
}

/* Who holds single locks that are to be seats, or a seat that has left its pool. */
static int prepare_holders_of_locks(struct pool_reload *reload)
{
    struct tree_node *some[SOME], *last = NULL;
    size_t count;

    while ((count = tree_list(&reload->table->locks, last, some, SOME)) > 0) {
        for (size_t i = 0; i < count; i++) {
            const struct lock *lock = tree_entry(some[i], struct lock, name_node);

            if (lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD &&
                prepare_holder(reload, lock->taken->request) != 0)
                return -1;
        }
        last = some[count - 1];
    }
    return 0;
}

static int prepare_held(struct pool_reload *reload)
{
    const struct pool_set *set = reload->table->pools;

    reload->table->renewal++;
    for (size_t i = 0; i < set->pool_count; i++) {
        if (prepare_holders_of(reload, set->pools[i]) != 0)
            return -1;
    }
    return prepare_holders_of_locks(reload);
}

static void cancel_moves(struct lock_table *table, struct pool_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        pool_move_cancel(table, &moves->items[i]);
    free(moves->items);
}

static void for_all_new(struct pool_reload *reload, void (*do_it)(struct pool *pool))
{
    for (size_t i = 0; reload->pools != NULL && i < reload->config->pool_count; i++) {
        if (reload->pools[i] != NULL && !reload->pools[i]->is_kept)
            do_it(reload->pools[i]);
    }
}

static void forget_owners(struct pool *pool)
{
    pool->by_owner.root = NULL;
}

void pool_reload_cancel(struct pool_reload *reload)
{
    if (reload == NULL)
        return;
    for_all_new(reload, forget_owners);
    pool_early_drop(reload);
    cancel_moves(reload->table, &reload->waiting);
    cancel_moves(reload->table, &reload->held);
    for_all_new(reload, pool_destroy);
    free(reload->pools);
    pool_index_fini(&reload->index);
    pool_sweep_locks(reload->table);
    free(reload);
}

int pool_reload_prepare_all(struct pool_reload *reload)
{
    if (prepare_waiting(reload) == 0 && prepare_held(reload) == 0)
        return 0;
    errno = ENOMEM;
    return -1;
}

struct pool_reload *pool_reload_create(struct lock_table *table, const struct pools_config *config)
{
    struct pool_reload *reload = malloc(sizeof *reload);

    if (reload == NULL)
        return NULL;
    *reload = (struct pool_reload){
        .table = table, .config = config, .promised_locks.compare = compare_locks_and_owners};
    if (prepare_pools(reload) == 0)
        return reload;
    pool_reload_cancel(reload);
    errno = ENOMEM;
    return NULL;
}

static void free_dropped(struct pool_moves *moves, size_t *most)
{
    for (; moves->count > 0 && *most > 0; --*most)
        free(moves->items[--moves->count].dropped);
}

/* Returns whether there are none any more. */
static bool free_retired(struct pool_reload *reload, size_t *most)
{
    while (reload->retired_count > 0 &&
           pool_forget_some(reload->table->pools, reload->retired[reload->retired_count - 1], most))
        reload->retired_count--;
    return reload->retired_count == 0;
}

bool pool_reload_free_some(struct pool_reload *reload, size_t most)
{
    free_dropped(&reload->waiting, &most);
    free_dropped(&reload->held, &most);
    if (reload->waiting.count > 0 || reload->held.count > 0 || !free_retired(reload, &most))
        return false;
    free(reload->waiting.items);
    free(reload->held.items);
    free(reload->retired);
    free(reload);
    return true;
}
