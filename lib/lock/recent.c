/* Locks that were in use of late.
 * Must not touch one that somebody uses. */
#include "recent.h"

#include <assert.h>
#include <stdlib.h>

#include "name_hash.h"

static size_t place_of(const char *name)
{
    return lock_name_hash(name) >> (64 - RECENT_BITS);
}

struct lock *lock_recent_look_up(struct lock_recent *recent, const char *name)
{
    struct lock *lock = recent->places[place_of(name)];

    if (lock == NULL || strcmp(lock->name, name) != 0)
        return NULL;
    recent->last = lock;
    return lock;
}

static void forget(struct lock_table *table, struct lock *lock)
{
    struct lock_recent *recent = table->recent;

    if (recent->last == lock)
        recent->last = NULL;
    recent->idle_count--;
    tree_remove(&table->locks, &lock->name_node);
    free(lock);
}

struct lock *lock_recent_take(struct lock_table *table, const char *name)
{
    struct lock_recent *recent = table->recent;
    struct lock *lock = recent != NULL ? lock_recent_find(recent, name) : NULL;

    if (lock == NULL || !lock->is_idle)
        return NULL;
    lock->is_idle = false;
    recent->idle_count--;
    return lock;
}

/* One that is idle is found nowhere else, so it stays. */
void lock_recent_note(struct lock_table *table, struct lock *lock)
{
    struct lock_recent *recent = table->recent;

    if (recent == NULL)
        return;
    lock->place = (uint16_t)place_of(lock->name);
    if (recent->places[lock->place] == NULL || !recent->places[lock->place]->is_idle)
        recent->places[lock->place] = lock;
}

bool lock_recent_leave(struct lock_table *table, struct lock *lock)
{
    struct lock_recent *recent = table->recent;
    struct lock *other;

    if (recent == NULL)
        return false;
    assert(!lock->is_idle);
    other = recent->places[lock->place];
    if (other != NULL && other->is_idle)
        forget(table, other);
    recent->places[lock->place] = recent->last = lock;
    lock->is_idle = true;
    recent->idle_count++;
    return true;
}

void lock_recent_clear(struct lock_table *table)
{
    struct lock_recent *recent = table->recent;

    for (size_t i = 0; recent != NULL && i < RECENT_PLACES; i++) {
        if (recent->places[i] != NULL && recent->places[i]->is_idle)
            forget(table, recent->places[i]);
        recent->places[i] = NULL;
    }
    if (recent != NULL)
        recent->last = NULL;
}

void lock_recent_end(struct lock_table *table)
{
    lock_recent_clear(table);
    free(table->recent);
    table->recent = NULL;
}
