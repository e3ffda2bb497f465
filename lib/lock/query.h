/* Finding things in a lock table, for its own files. */
#ifndef FARMLOCK_LOCK_QUERY_H
#define FARMLOCK_LOCK_QUERY_H

#include "types.h"

/* The lock of a name, or NULL where the table does not know it. */
struct lock *lock_find(const struct lock_table *table, const char *name);

/* The one seat of an owner that is tied to the lock, or NULL. */
struct lock_seat *lock_seat_of_owner(const struct lock *lock, const char *owner);

#endif
