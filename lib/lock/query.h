/* Finding things in a lock table, for its own files. */
#ifndef FARMLOCK_LOCK_QUERY_H
#define FARMLOCK_LOCK_QUERY_H

#include "pool_query.h"
#include "recent.h"
#include "types.h"

/* The same as lock_find(), of a name that is not in its place. */
struct lock *lock_search(const struct lock_table *table, const char *name);

/* The lock of a name, or NULL where the table does not know it.  Most are asked for several times,
 * so it saves registers for nothing that is rare. */
static inline struct lock *lock_find(const struct lock_table *table, const char *name)
{
    struct lock *recent = table->recent != NULL ? lock_recent_find(table->recent, name) : NULL;

    if (recent == NULL)
        return lock_search(table, name);
    if (!recent->is_idle)
        return recent;
    return table->pools != NULL ? pool_seat_named(table, name) : NULL;
}

/* The one seat of an owner that is tied to the lock, or NULL. */
struct lock_seat *lock_seat_of_owner(const struct lock *lock, const char *owner);

#endif
