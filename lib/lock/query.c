/* Questions to the lock table.
 * Must not change anything in it. */
#include "query.h"

#include <string.h>

struct lock *lock_find(const struct lock_table *table, const char *name)
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
    return NULL;
}

struct lock_seat *lock_seat_of_owner(const struct lock *lock, const char *owner)
{
    const struct tree_node *node = lock->by_owner.root;

    /* Likewise: a probe would be a whole request. */
    while (node != NULL) {
        struct lock_seat *seat = tree_entry(node, struct lock_seat, owner_node);
        int order = strcmp(owner, seat->request->owner);

        if (order == 0)
            return seat;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

struct lock_request *lock_table_holder(const struct lock_table *table, const char *name)
{
    const struct lock *lock = lock_find(table, name);

    if (lock == NULL || lock->taken == NULL || lock->taken->state != LOCK_SEAT_HELD)
        return NULL;
    return lock->taken->request;
}

struct lock_request *lock_table_find(const struct lock_table *table, const char *owner,
                                     const char *name)
{
    const struct lock *lock = lock_find(table, name);
    const struct lock_seat *seat = lock != NULL ? lock_seat_of_owner(lock, owner) : NULL;

    return seat != NULL ? seat->request : NULL;
}

/* A waiting request queues for it, or would if it were not away. */
static bool is_wanted(const struct lock_seat *seat)
{
    return seat->state == LOCK_SEAT_QUEUED || seat->request->away;
}

size_t lock_table_position(const struct lock_table *table, const struct lock_request *request)
{
    size_t longest = 1;

    (void)table;
    if (request->state != LOCK_WAITING)
        return 0;
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

    return lock != NULL ? tree_count(&lock->queue) : 0;
}

const struct lock_seat *lock_table_next_held(const struct lock_table *table,
                                             const struct lock_seat *last)
{
    const struct tree_node *node =
        last != NULL ? tree_next(&table->locks, &last->lock->name_node) : tree_first(&table->locks);

    for (; node != NULL; node = tree_next(&table->locks, node)) {
        const struct lock *lock = tree_entry(node, struct lock, name_node);

        if (lock->taken != NULL && lock->taken->state == LOCK_SEAT_HELD)
            return lock->taken;
    }
    return NULL;
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
    return tree_count(&table->locks);
}

int64_t lock_table_next_deadline(const struct lock_table *table)
{
    const struct tree_node *node = tree_first(&table->deadlines);

    if (node == NULL)
        return INT64_MAX;
    return tree_entry(node, struct lock_request, deadline_node)->deadline_ms;
}
