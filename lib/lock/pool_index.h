/* Finding what is declared, and what an owner has to do with it. */
#ifndef FARMLOCK_LOCK_POOL_INDEX_H
#define FARMLOCK_LOCK_POOL_INDEX_H

#include "pool_types.h"

/* Makes room for so many names.  Returns -1 with errno ENOMEM.  pool_index_fini() may be called
 * behind it, and for one that is all zero. */
int pool_index_init(struct pool_index *index, size_t count);
void pool_index_fini(struct pool_index *index);

/* Adds the names of a pool and its seats; behind the last pool, pool_index_settle(). */
void pool_index_add(struct pool_index *index, struct pool *pool);
void pool_index_settle(struct pool_index *index);

/* What a declared name is; NULL where it is not declared. */
const struct pool_name *pool_index_find(const struct pool_index *index, const char *name);
const char *pool_name_text(const struct pool_name *name);

/* Whether all names of one index are in the other, and stand for the same: pools, or seats. */
bool pool_index_has_all(const struct pool_index *index, const struct pool_index *of);

/* The pool of a name; NULL where there is none. */
struct pool *pool_of_set(const struct pool_set *set, const char *name);

/* What is declared in a table that has pools. */
const struct pool_index *pool_index_of(const struct lock_table *table);

/* Steps through an owner's ties to a pool, by ticket: the first with NULL.  NULL at the end. */
struct pool_tie *pool_next_tie(const struct pool *pool, const char *owner,
                               const struct pool_tie *last);

#endif
