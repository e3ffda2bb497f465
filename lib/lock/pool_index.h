/* Finding what is declared, and what an owner has to do with it. */
#ifndef FARMLOCK_LOCK_POOL_INDEX_H
#define FARMLOCK_LOCK_POOL_INDEX_H

#include "pool_types.h"

/* What is declared, sorted by name. */
struct pool_index {
    const struct pool_name *names;
    size_t count;
};

/* What a declared name is; NULL where it is not declared. */
const struct pool_name *pool_index_find(const struct pool_index *index, const char *name);
const char *pool_name_text(const struct pool_name *name);

int pool_name_compare(const void *a, const void *b); /* for qsort(3) */

/* Whether all names of one index are in the other, and stand for the same: pools, or seats. */
bool pool_index_has_all(const struct pool_index *index, const struct pool_index *of);

/* The pool of a name; NULL where there is none. */
struct pool *pool_of_set(const struct pool_set *set, const char *name);

/* What is declared in a table that has pools. */
struct pool_index pool_index_of(const struct lock_table *table);

/* Steps through an owner's ties to a pool, by ticket: the first with NULL.  NULL at the end. */
struct pool_tie *pool_next_tie(const struct pool *pool, const char *owner,
                               const struct pool_tie *last);

#endif
