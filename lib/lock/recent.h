/* Locks by name that were in use of late, each in the one place that its name has: to find it there
 * takes no search, and what nobody uses any more waits there for whoever asks for it next.
 *
 * A lock that waits so is *idle*: still among the table's names, but known to nobody who asks.
 * There are RECENT_PLACES at most.  Names that share a place are searched for: who makes such names
 * gains nothing, and costs nobody anything.  Seats of pools are not here, but for those that leave.
 */
#ifndef FARMLOCK_LOCK_RECENT_H
#define FARMLOCK_LOCK_RECENT_H

#include <stdbool.h>
#include <string.h>

#include "base/watched_memory.h"
#include "types.h"

/* Where memory is watched, what is left is given back with the next. */
enum { RECENT_BITS = MEMORY_IS_WATCHED ? 1 : 10, RECENT_PLACES = 1 << RECENT_BITS };

struct lock_recent {
    struct lock *last; /* that was found or left; or NULL: most are asked for several times */
    size_t idle_count;
    struct lock *places[RECENT_PLACES];
};

/* The lock of a name that is in its place. */
struct lock *lock_recent_look_up(struct lock_recent *recent, const char *name);

/* The lock of a name that is in its place, idle or not; NULL when it is not. */
static inline struct lock *lock_recent_find(struct lock_recent *recent, const char *name)
{
    struct lock *last = recent->last;

    if (last != NULL && strcmp(last->name, name) == 0)
        return last;
    return lock_recent_look_up(recent, name);
}

/* Takes up the idle lock of a name again, as it was when it was made; NULL when there is none. */
struct lock *lock_recent_take(struct lock_table *table, const char *name);

/* A lock is new among the table's names. */
void lock_recent_note(struct lock_table *table, struct lock *lock);

/* Nobody uses a lock any more.  Forgets another that was idle in its place.  Returns false when
 * there are no places: then it is to be forgotten itself. */
bool lock_recent_leave(struct lock_table *table, struct lock *lock);

/* Forgets all that are idle, and where the others are: before locks become seats, or seats
 * locks. */
void lock_recent_clear(struct lock_table *table);

/* The same, and there are no places from now on. */
void lock_recent_end(struct lock_table *table);

#endif
