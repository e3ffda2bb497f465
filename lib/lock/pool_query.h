/* What the questions of table.h mean where pools are declared. */
#ifndef FARMLOCK_LOCK_POOL_QUERY_H
#define FARMLOCK_LOCK_POOL_QUERY_H

#include "pool_types.h"

/* The seat of a declared name, or NULL. */
struct lock *pool_seat_named(const struct lock_table *table, const char *name);

/* The pool of this name, or NULL. */
struct pool *pool_named(const struct lock_table *table, const char *name);

/* Who has held seats of a pool longest; NULL for nobody. */
struct lock_request *pool_first_holder(const struct lock_table *table, const char *name);

/* The next live request of an owner that has to do with a seat, or with a pool. */
struct lock_request *pool_next_request(const struct lock_table *table, const char *owner,
                                       const char *name, const struct lock_request *last);

/* Those that hold seats of a pool, up to LOCK_HOLDERS_MOST; how many. */
size_t pool_list_holders(const struct pool *pool, struct lock_request **out, size_t most);

/* The next one that holds seats of a pool. */
struct lock_request *pool_next_holder(const struct pool *pool, const struct lock_request *last);

/* Whether a name is that of a pool, or of a seat. */
bool pool_declares(const struct lock_table *table, const char *name);

/* Where a waiting request stands, 1 being next, and of how many. */
size_t pool_place(const struct lock_table *table, const struct lock_request *request, size_t *of);

struct lock_request *pool_blocker(const struct lock_request *request, const char **name);
size_t pool_queue_length(const struct lock_table *table, const char *name);
const struct lock_seat *pool_held_behind(const struct lock_table *table, const char *name);

/* The names that a want stands for: that of the pool, or those of its seats. */
struct pool_want_names {
    const struct pool_want *want;
    uint32_t entry, seat; /* 0 at first */
};
const char *pool_next_name(struct pool_want_names *names);

#endif
