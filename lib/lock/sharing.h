/* Locks that several have at once: readers, by ticket, beside the one that a lock is with
 * otherwise. */
#ifndef FARMLOCK_LOCK_SHARING_H
#define FARMLOCK_LOCK_SHARING_H

#include <stdbool.h>

#include "types.h"

/* Of readers, who hold before those that a lock was promised to; then by ticket. */
tree_compare lock_compare_readers;

/* Whether a lock can be given to a seat of a ticket: it is in use, and nobody has it; or only
 * readers have it, the seat is one, and nobody waits for it who comes first. */
static inline bool lock_is_there_for(const struct lock *lock, bool is_shared, uint64_t ticket)
{
    const struct tree_node *first;

    if (lock->is_offline)
        return false;
    if (lock->taken == NULL)
        return true;
    if (!is_shared || !lock->taken->is_shared)
        return false;
    first = tree_first(&lock->queue);
    return first == NULL ||
           tree_entry(first, const struct lock_seat, queue_node)->request->ticket >= ticket;
}

/* Whether readers have a lock, which may let more of them in when who waits first goes away. */
static inline bool lock_has_readers(const struct lock *lock)
{
    return lock != NULL && lock->taken != NULL && lock->taken->is_shared;
}

/* A seat has a lock now, as a promise, or has it no more. */
void lock_reader_add(struct lock_seat *seat);
void lock_reader_remove(struct lock_seat *seat);

static inline void lock_take(struct lock_seat *seat)
{
    if (seat->is_shared)
        lock_reader_add(seat);
    else
        seat->lock->taken = seat;
}

static inline void lock_untake(struct lock_seat *seat)
{
    if (seat->is_shared)
        lock_reader_remove(seat);
    else
        seat->lock->taken = NULL;
}

/* A promise becomes a hold. */
static inline void lock_hold(struct lock_seat *seat)
{
    if (seat->is_shared)
        lock_reader_remove(seat);
    seat->state = LOCK_SEAT_HELD;
    if (seat->is_shared)
        lock_reader_add(seat);
}

/* The next one that has a lock with others, whether it holds it or was promised it; NULL behind the
 * last, and of a lock that is not shared. */
struct lock_seat *lock_next_taker(const struct lock_seat *last);

/* The reader that would lose a lock first: of those it was promised to that with the highest
 * ticket. NULL where no reader has it. */
struct lock_seat *lock_last_reader(const struct lock *lock);

/* Whether a request is among the readers of a lock: it holds it, or was promised it. */
bool lock_has_reader(const struct lock *lock, const struct lock_request *request);

/* The same of those that hold it. */
struct lock_seat *lock_next_sharer(const struct lock_seat *last);

#endif
