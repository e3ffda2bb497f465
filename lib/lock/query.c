/* Questions to the lock table.
 * Must not change anything in it. */
#include "query.h"

#include <string.h>

#include "pools.h"
#include "sharing.h"

struct lock *lock_search(const struct lock_table *table, const char *name)
{
    const struct tree_node *node = table->locks.root;

    /* Not tree_find(): a probe would have to carry the name in its own memory. */
    while (node != NULL) {
        struct lock *lock = tree_entry(node, struct lock, name_node);
        int order = strcmp(name, lock->name);

        if (order == 0)
            return lock;
        node = order < 0 ? node->left : node->right;
    }
    return table->pools != NULL ? pool_seat_named(table, name) : NULL;
}

struct lock_seat *lock_seat_of_owner(const struct lock *lock, const char *owner)
{
    const struct tree_node *node = lock->by_owner.root;

    /* Likewise: a probe would be a whole request. */
    while (node != NULL) {
        struct lock_seat *seat = tree_entry(node, struct lock_seat, owner_node);
        int order = strcmp(owner, seat->request->owner);

        /* What it is done with stands behind that. */
        if (order == 0 && !seat->is_kept)
            return seat;
        node = order <= 0 ? node->left : node->right;
    }
    if (lock->pool != NULL && lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD &&
        !lock->taken->is_kept && strcmp(lock->taken->request->owner, owner) == 0)
        return lock->taken;
    return NULL;
}

struct lock_request *lock_table_holder(const struct lock_table *table, const char *name)
{
    const struct lock *lock = lock_find(table, name);

    if (lock != NULL && lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD)
        return lock->taken->request;
    return lock == NULL && table->pools != NULL ? pool_first_holder(table, name) : NULL;
}

struct lock_request *lock_table_find(const struct lock_table *table, const char *owner,
                                     const char *name)
{
    const struct lock *lock = lock_find(table, name);
    const struct lock_seat *seat = lock != NULL ? lock_seat_of_owner(lock, owner) : NULL;

    if (seat != NULL)
        return seat->request;
    return table->pools != NULL ? pool_next_request(table, owner, name, NULL) : NULL;
}

struct lock_request *lock_table_next_own(const struct lock_table *table, const char *owner,
                                         const char *name, const struct lock_request *last)
{
    struct lock_request *own;

    if (table->pools != NULL && pool_declares(table, name))
        return pool_next_request(table, owner, name, last);
    own = lock_table_find(table, owner, name);
    if (last == NULL || table->pools == NULL)
        return last == NULL ? own : NULL;
    return pool_next_request(table, owner, name, last);
}

/* The seat by which a request holds a lock, or NULL. */
static const struct lock_seat *seat_of(const struct lock_request *request, const char *name)
{
    for (uint32_t i = 0; i < request->seat_count; i++) {
        if (request->seats[i].state == LOCK_SEAT_HELD &&
            strcmp(request->seats[i].lock->name, name) == 0)
            return &request->seats[i];
    }
    return NULL;
}

struct lock_request *lock_table_next_holder(const struct lock_table *table, const char *name,
                                            const struct lock_request *last)
{
    const struct pool *pool = pool_named(table, name);
    const struct lock_seat *seat;

    if (pool != NULL && lock_find(table, name) == NULL)
        return pool_next_holder(pool, last);
    if (last == NULL)
        return lock_table_holder(table, name);
    seat = last->shares ? seat_of(last, name) : NULL;
    seat = seat != NULL ? lock_next_sharer(seat) : NULL;
    return seat != NULL ? seat->request : NULL;
}

size_t lock_table_list_holders(const struct lock_table *table, const char *name,
                               struct lock_request **out, size_t most)
{
    const struct pool *pool = pool_named(table, name);

    return pool != NULL && lock_find(table, name) == NULL ? pool_list_holders(pool, out, most) : 0;
}

/* A waiting request queues for it, or would if it were not away. */
static bool is_wanted(const struct lock_seat *seat)
{
    return seat->state == LOCK_SEAT_QUEUED || seat->request->away;
}

size_t lock_table_position(const struct lock_table *table, const struct lock_request *request)
{
    size_t longest = 1;

    if (request->state != LOCK_WAITING)
        return 0;
    if (request->pooled != NULL)
        return pool_place(table, request, NULL);
    for (size_t i = 0; i < request->seat_count;) {
        uint32_t group = request->seats[i].group;
        size_t shortest = SIZE_MAX;

        for (; i < request->seat_count && request->seats[i].group == group; i++) {
            const struct lock_seat *seat = &request->seats[i];
            size_t place;

            if (!is_wanted(seat))
                continue;
            place = tree_rank(&seat->lock->queue, &seat->queue_node) + 1;
            if (place < shortest)
                shortest = place;
        }
        if (shortest != SIZE_MAX && shortest > longest)
            longest = shortest;
    }
    return longest;
}

struct lock_request *lock_table_blocker(const struct lock_table *table,
                                        const struct lock_request *request, const char **name)
{
    (void)table;
    if (request->state == LOCK_WAITING && request->pooled != NULL)
        return pool_blocker(request, name);
    for (size_t i = 0; request->state == LOCK_WAITING && i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];

        if (!is_wanted(seat) || seat->lock->taken == NULL)
            continue;
        if (name != NULL)
            *name = seat->lock->name;
        return seat->lock->taken->request;
    }
    return NULL;
}

const char *lock_seat_name(const struct lock_seat *seat)
{
    return seat->lock != NULL ? seat->lock->name : NULL;
}

size_t lock_table_queue_length(const struct lock_table *table, const char *name)
{
    const struct lock *lock = lock_find(table, name);

    if (table->pools != NULL && (lock == NULL || lock->pool != NULL))
        return pool_queue_length(table, name);
    return lock != NULL ? tree_count(&lock->queue) : 0;
}

/* The first that is held, from a node of the names on. */
static const struct lock_seat *held_from(const struct lock_table *table,
                                         const struct tree_node *node)
{
    for (; node != NULL; node = tree_next(&table->locks, node)) {
        const struct lock *lock = tree_entry(node, struct lock, name_node);

        if (lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD)
            return lock->taken;
    }
    return NULL;
}

const struct lock_seat *lock_table_next_held(const struct lock_table *table,
                                             const struct lock_seat *last)
{
    const struct lock_seat *sharer = last != NULL ? lock_next_sharer(last) : NULL;

    if (sharer != NULL)
        return sharer;
    if (table->pools != NULL)
        return pool_held_behind(table, last != NULL ? last->lock->name : "");
    return held_from(table, last != NULL ? tree_next(&table->locks, &last->lock->name_node)
                                         : tree_first(&table->locks));
}

/* Of the readers of a lock, the first that holds it with a ticket above one; NULL for none. */
static const struct lock_seat *sharer_behind(const struct lock_table *table, const char *name,
                                             uint64_t ticket)
{
    const struct lock *lock = lock_find(table, name);
    struct lock_request request = {.ticket = ticket + 1};
    const struct lock_seat probe = {.request = &request, .state = LOCK_SEAT_HELD};
    const struct tree_node *node =
        lock_has_readers(lock) ? tree_at_least(&lock->readers, &probe.queue_node) : NULL;
    const struct lock_seat *seat =
        node != NULL ? tree_entry(node, const struct lock_seat, queue_node) : NULL;

    return seat != NULL && seat->state == LOCK_SEAT_HELD ? seat : NULL;
}

struct lock_request *lock_table_holder_behind(const struct lock_table *table, const char *name,
                                              uint64_t ticket)
{
    const struct lock_seat *seat = sharer_behind(table, name, ticket);

    return seat != NULL ? seat->request : NULL;
}

const struct lock_seat *lock_table_held_behind(const struct lock_table *table, const char *name,
                                               uint64_t ticket)
{
    const struct tree_node *node = table->locks.root, *behind = NULL;
    const struct lock_seat *sharer = sharer_behind(table, name, ticket);

    if (sharer != NULL)
        return sharer;
    if (table->pools != NULL)
        return pool_held_behind(table, name);
    /* A probe would have to carry the name, as in lock_find(). */
    while (node != NULL) {
        bool is_behind = strcmp(tree_entry(node, struct lock, name_node)->name, name) > 0;

        behind = is_behind ? node : behind;
        node = is_behind ? node->left : node->right;
    }
    return held_from(table, behind);
}

struct lock_request *lock_table_waiter_behind(const struct lock_table *table, uint64_t ticket)
{
    const struct lock_request probe = {.ticket = ticket + 1};
    struct tree_node *node = tree_at_least(&table->waiting, &probe.ticket_node);

    return node != NULL ? tree_entry(node, struct lock_request, ticket_node) : NULL;
}

struct lock_request *lock_table_next_waiter(const struct lock_table *table,
                                            const struct lock_request *last)
{
    struct tree_node *node =
        last != NULL ? tree_next(&table->waiting, &last->ticket_node) : tree_first(&table->waiting);

    return node != NULL ? tree_entry(node, struct lock_request, ticket_node) : NULL;
}

size_t lock_table_waiter_count(const struct lock_table *table)
{
    return tree_count(&table->waiting);
}

size_t lock_table_held_count(const struct lock_table *table)
{
    return table->held_count;
}

size_t lock_table_name_count(const struct lock_table *table)
{
    size_t idle = table->recent != NULL ? table->recent->idle_count : 0;

    return tree_count(&table->locks) - idle;
}
