/* What the questions of table.h mean where pools are declared.
 * Must not change what is declared, held or waited for: only the name that was found last is noted,
 * as it is often asked for again. */
#include "pool_query.h"

#include <string.h>

#include "pool_index.h"
#include "pool_seat.h"
#include "pool_tree.h"
#include "pool_unknown.h"
#include "pools.h"

static const struct pool_name *find_name(const struct lock_table *table, const char *name)
{
    struct pool_set *set = table->pools;
    const struct pool_name *found = set->last_found;

    if (found != NULL && strcmp(pool_name_text(found), name) == 0)
        return found;
    found = pool_index_find(&set->index, name);
    if (found != NULL)
        set->last_found = found;
    return found;
}

struct lock *pool_seat_named(const struct lock_table *table, const char *name)
{
    const struct pool_name *found = find_name(table, name);

    return found != NULL && found->seat != POOL_NO_SEAT ? found->pool->seats[found->seat].lock
                                                        : NULL;
}

struct pool *pool_named(const struct lock_table *table, const char *name)
{
    const struct pool_name *found = table->pools != NULL ? find_name(table, name) : NULL;

    return found != NULL && found->seat == POOL_NO_SEAT ? found->pool : NULL;
}

struct lock_request *pool_first_holder(const struct lock_table *table, const char *name)
{
    const struct pool *pool = pool_named(table, name);
    const struct tree_node *first = pool != NULL ? tree_first(&pool->holders) : NULL;

    return first != NULL ? tree_entry(first, struct pool_tie, holder_node)->request : NULL;
}

/* A request has to do with a seat: it has it, or waits and may choose it. */
static bool concerns(const struct pool_tie *tie, int32_t seat)
{
    const struct lock_request *request = tie->request;

    if (request->token == 0) {
        for (uint32_t i = 0; i < request->pooled->want_count; i++) {
            const struct pool_want *want = &request->pooled->wants[i];

            if (want->tie == tie && (seat == POOL_NO_SEAT || pool_want_has(want, (uint32_t)seat)))
                return true;
        }
        return false;
    }
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock *lock = request->seats[i].lock;

        if (lock != NULL && lock->pool == tie->pool && !request->seats[i].is_kept &&
            (seat == POOL_NO_SEAT || lock->number == (uint32_t)seat))
            return true;
    }
    return false;
}

static bool is_unknown(const struct lock_request *request)
{
    return request != NULL && request->pooled != NULL && request->pooled->is_unknown;
}

static struct pool_tie *tie_of(const struct lock_request *request, const struct pool *pool)
{
    const struct pool_standing *standing = request != NULL ? request->pooled : NULL;

    for (uint32_t i = 0; standing != NULL && i < standing->tie_count; i++) {
        if (standing->ties[i].pool == pool)
            return &standing->ties[i];
    }
    return NULL;
}

struct lock_request *pool_next_request(const struct lock_table *table, const char *owner,
                                       const char *name, const struct lock_request *last)
{
    const struct pool_name *found = find_name(table, name);
    struct pool_tie *tie = found != NULL ? tie_of(last, found->pool) : NULL;

    if (is_unknown(last))
        return pool_unknown_next(table->pools, owner, name, last);
    while (found != NULL && (tie = pool_next_tie(found->pool, owner, tie)) != NULL) {
        if (concerns(tie, found->seat))
            return tie->request;
    }
    return pool_unknown_next(table->pools, owner, name, NULL);
}

struct lock_request *pool_next_holder(const struct pool *pool, const struct lock_request *last)
{
    const struct pool_tie *tie = tie_of(last, pool);
    const struct tree_node *next =
        tie != NULL ? tree_next(&pool->holders, &tie->holder_node) : tree_first(&pool->holders);

    return next != NULL ? tree_entry(next, struct pool_tie, holder_node)->request : NULL;
}

size_t pool_list_holders(const struct pool *pool, struct lock_request **out, size_t most)
{
    struct tree_node *nodes[LOCK_HOLDERS_MOST];
    size_t count =
        tree_list(&pool->holders, NULL, nodes, most < LOCK_HOLDERS_MOST ? most : LOCK_HOLDERS_MOST);

    for (size_t i = 0; i < count; i++)
        out[i] = tree_entry(nodes[i], struct pool_tie, holder_node)->request;
    return count;
}

bool pool_declares(const struct lock_table *table, const char *name)
{
    return find_name(table, name) != NULL;
}

/* The best place of a want in the queues where it stands, or would if it were not away. */
static size_t place_of_want(const struct pool_want *want, bool among_selected, size_t *of)
{
    size_t best = SIZE_MAX;

    for (uint32_t i = 0; i < want->entry_count; i++) {
        const struct pool_entry *entry = &want->entries[i];
        const struct tree *tree = among_selected || entry->line == NULL
                                      ? &want->tie->pool->queues[entry->queue].selected
                                      : &entry->line->candidates;
        size_t place = tree_rank(tree, &entry->node) + 1;

        if (place >= best)
            continue;
        best = place;
        *of = tree_count(tree);
    }
    return best;
}

static size_t place_of_singles(const struct lock_request *request, uint32_t group, size_t *of)
{
    size_t best = SIZE_MAX;

    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];
        size_t place;

        if (seat->group != group || seat->state != LOCK_SEAT_QUEUED)
            continue;
        place = tree_rank(&seat->lock->queue, &seat->queue_node) + 1;
        if (place >= best)
            continue;
        best = place;
        *of = tree_count(&seat->lock->queue);
    }
    return best;
}

/* The longest of its queues, among candidates or the selected. */
static size_t place_in_queues(const struct lock_request *request, bool among_selected, size_t *of)
{
    size_t longest = 1;

    *of = 1;
    for (uint32_t g = 0; g < request->group_count; g++) {
        const struct pool_want *want = pool_want_of(request, g);
        size_t place, length = 1;

        if (request->groups[g].taken == request->groups[g].needed)
            continue;
        if (want != NULL)
            place = place_of_want(want, among_selected, &length);
        else
            place = place_of_singles(request, g, &length);
        if (place == SIZE_MAX || place < longest || (place == 1 && *of > length))
            continue;
        longest = place;
        *of = length;
    }
    return longest;
}

size_t pool_place(const struct lock_table *table, const struct lock_request *request, size_t *of)
{
    const struct pool_standing *standing = request->pooled;
    const struct tree *waiting;
    size_t length, place;

    if (of == NULL)
        of = &length;
    switch (standing->stage) {
    case POOL_HELD_BACK:
        waiting = &standing->credits[standing->credits_taken].counter->waiting;
        *of = tree_count(waiting);
        return tree_rank(waiting, &standing->limit_node) + 1;
    case POOL_SELECTED:
        return place_in_queues(request, true, of);
    case POOL_CANDIDATE:
        return place_in_queues(request, false, of);
    case POOL_STANDS_NOWHERE:
        place = place_in_queues(request, false, of);
        *of += 1;
        return place;
    case POOL_ASIDE:
        break;
    }
    *of = tree_count(&table->waiting); /* it comes back by its ticket */
    return tree_rank(&table->waiting, &request->ticket_node) + 1;
}

static struct lock_request *holder_of_want(const struct pool_want *want, const char **name)
{
    const struct pool *pool = want->tie->pool;
    const struct tree_node *first;

    for (uint32_t i = 0; i < want->entry_count && !want->is_whole; i++) {
        uint32_t seat, end;

        pool_tree_seats(pool, want->entries[i].queue, &seat, &end);
        for (; seat < end && seat < pool->size; seat++) {
            if (pool->seats[seat].lock->taken == NULL)
                continue;
            *name = pool->seats[seat].lock->name;
            return pool->seats[seat].lock->taken->request;
        }
    }
    *name = pool->name;
    first = tree_first(&pool->holders);
    if (first != NULL)
        return tree_entry(first, struct pool_tie, holder_node)->request;
    for (uint32_t i = 0; i < pool->class_count; i++) {
        first = tree_first(&pool->classes[i].promised);
        if (first != NULL)
            return tree_entry(first, struct pool_tie, promise_node)->request;
    }
    return NULL;
}

struct lock_request *pool_blocker(const struct lock_request *request, const char **name)
{
    const char *unused;

    if (name == NULL)
        name = &unused;
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];
        const struct pool_want *want = pool_want_of(request, seat->group);
        struct lock_request *blocker = NULL;

        if (seat->state == LOCK_SEAT_PROMISED)
            continue;
        if (want != NULL) {
            blocker = holder_of_want(want, name);
        } else if (seat->lock != NULL && seat->lock->taken != NULL) {
            blocker = seat->lock->taken->request;
            *name = seat->lock->name;
        }
        if (blocker != NULL && blocker != request)
            return blocker;
    }
    return NULL;
}

static size_t count_of_queue(const struct pool_queue *queue)
{
    size_t count = tree_count(&queue->selected);
    const struct tree_node *node = tree_first(&queue->lines);

    for (; node != NULL; node = tree_next(&queue->lines, node))
        count += tree_count(&tree_entry(node, const struct pool_line, queue_node)->candidates);
    return count;
}

size_t pool_queue_length(const struct lock_table *table, const char *name)
{
    const struct pool_name *found = find_name(table, name);
    size_t count = 0;

    if (found == NULL)
        return 0;
    if (found->seat == POOL_NO_SEAT || found->pool->keeps_room)
        return found->pool->waiting;
    for (uint32_t node = found->pool->leaves + (uint32_t)found->seat; node > 0; node /= 2)
        count += count_of_queue(&found->pool->queues[node]);
    return count;
}

/* The first lock of the tree behind a name that somebody holds. */
static const struct lock_seat *next_single(const struct lock_table *table, const char *name)
{
    struct tree_node *node = table->locks.root;
    const struct tree_node *best = NULL;

    while (node != NULL) {
        bool is_behind = strcmp(tree_entry(node, const struct lock, name_node)->name, name) > 0;

        if (is_behind)
            best = node;
        node = is_behind ? node->left : node->right;
    }
    for (; best != NULL; best = tree_next(&table->locks, best)) {
        const struct lock *lock = tree_entry(best, const struct lock, name_node);

        if (lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD)
            return lock->taken;
    }
    return NULL;
}

/* The first declared seat behind a name that somebody holds. */
static const struct lock_seat *next_seat(const struct pool_set *set, const char *name)
{
    size_t first = 0, end = set->index.count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (strcmp(pool_name_text(&set->index.names[middle]), name) > 0)
            end = middle;
        else
            first = middle + 1;
    }
    for (; first < set->index.count; first++) {
        const struct pool_name *found = &set->index.names[first];
        const struct lock_seat *taken =
            found->seat != POOL_NO_SEAT ? found->pool->seats[found->seat].lock->taken : NULL;

        if (taken != NULL && taken->state == LOCK_SEAT_HELD)
            return taken;
    }
    return NULL;
}

const struct lock_seat *pool_held_behind(const struct lock_table *table, const char *name)
{
    const struct lock_seat *single = next_single(table, name);
    const struct lock_seat *seat = next_seat(table->pools, name);

    if (single == NULL || seat == NULL)
        return single != NULL ? single : seat;
    return strcmp(single->lock->name, seat->lock->name) < 0 ? single : seat;
}

const char *pool_next_name(struct pool_want_names *names)
{
    const struct pool_want *want = names->want;
    const struct pool *pool = want->tie->pool;

    if (want->is_whole)
        return names->entry++ == 0 ? pool->name : NULL;
    for (; names->entry < want->entry_count; names->entry++, names->seat = 0) {
        uint32_t first, end;

        pool_tree_seats(pool, want->entries[names->entry].queue, &first, &end);
        if (first + names->seat < end)
            return pool->seats[first + names->seat++].lock->name;
    }
    return NULL;
}
