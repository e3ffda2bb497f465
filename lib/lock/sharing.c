/* The readers of a lock.
 * Must not decide who becomes one. */
#include "sharing.h"

int lock_compare_readers(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_seat *left = tree_entry(a, const struct lock_seat, queue_node);
    const struct lock_seat *right = tree_entry(b, const struct lock_seat, queue_node);
    bool left_holds = left->state == LOCK_SEAT_HELD, right_holds = right->state == LOCK_SEAT_HELD;

    if (left_holds != right_holds)
        return left_holds ? -1 : 1;
    return lock_compare_numbers(left->request->ticket, right->request->ticket);
}

static void find_first(struct lock *lock)
{
    struct tree_node *first = tree_first(&lock->readers);

    lock->taken = first != NULL ? tree_entry(first, struct lock_seat, queue_node) : NULL;
}

void lock_reader_add(struct lock_seat *seat)
{
    tree_insert(&seat->lock->readers, &seat->queue_node);
    find_first(seat->lock);
}

void lock_reader_remove(struct lock_seat *seat)
{
    tree_remove(&seat->lock->readers, &seat->queue_node);
    find_first(seat->lock);
}

struct lock_seat *lock_next_taker(const struct lock_seat *last)
{
    struct tree_node *next =
        last->is_shared ? tree_next(&last->lock->readers, &last->queue_node) : NULL;

    return next != NULL ? tree_entry(next, struct lock_seat, queue_node) : NULL;
}

struct lock_seat *lock_last_reader(const struct lock *lock)
{
    struct tree_node *node = tree_last(&lock->readers);

    return node != NULL ? tree_entry(node, struct lock_seat, queue_node) : NULL;
}

bool lock_has_reader(const struct lock *lock, const struct lock_request *request)
{
    struct lock_request same = {.ticket = request->ticket};
    const struct lock_seat held = {.request = &same, .state = LOCK_SEAT_HELD},
                           promised = {.request = &same, .state = LOCK_SEAT_PROMISED};

    return tree_find(&lock->readers, &held.queue_node) != NULL ||
           tree_find(&lock->readers, &promised.queue_node) != NULL;
}

struct lock_seat *lock_next_sharer(const struct lock_seat *last)
{
    struct lock_seat *next = lock_next_taker(last);

    return next != NULL && next->state == LOCK_SEAT_HELD ? next : NULL;
}
