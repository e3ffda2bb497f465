/* A pool in place of the one before, during a reload. */
#ifndef FARMLOCK_LOCK_POOL_REPLACE_H
#define FARMLOCK_LOCK_POOL_REPLACE_H

#include "pool_index.h"
#include "pool_types.h"

/* A single lock of a pool's own name is none any more, so it cannot be offline. */
void pool_take_name(const struct lock_table *table, const struct pool *pool);

/* A new pool's seats become those of the same names that there are, in pools or as single locks. */
void pool_adopt_seats(struct lock_table *table, struct pool *pool);

/* Closes a pool from which all requests have moved out, when its successor has adopted what it
 * wants: of the other seats, those that are held stay until they are given back. */
void pool_retire(struct lock_table *table, struct pool *old);

/* Frees what such a pool had, up to `*most` things, from which it takes away how many that were.
 * Returns true with the last, and the pool is freed. */
bool pool_forget_some(struct pool_set *set, struct pool *old, size_t *most);

/* Sees which seats are free. */
void pool_count_seats(struct pool_set *set, struct pool *pool);

/* Single locks that nobody uses go; those that somebody waits for are seen to by pool_resume(). */
void pool_sweep_locks(struct lock_table *table);

/* Whether somebody shares, or wants to share, a single lock of a declared name. */
bool pool_names_are_shared(const struct lock_table *table, const struct pool_index *index);

#endif
