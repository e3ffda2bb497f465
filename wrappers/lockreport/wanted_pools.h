/* The pools that a report is about.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_WANTED_POOLS_H
#define FARMLOCK_LOCKREPORT_WANTED_POOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name_list.h"
#include "store/store.h"

struct wanted_pool {
    char *name; /* as it was given */
    struct name_list names;
};

/* All 0 is an empty list. */
struct wanted_pools {
    struct wanted_pool *items;
    size_t count, room;
};

/* Adds a list of locks, "vcs[1-8]", or the name of a pool that a server has.  Returns -1 with errno
 * and a line in `error`. */
int wanted_pools_add(struct wanted_pools *list, const char *pool, char *error, size_t error_size);

bool wanted_pool_has(const struct wanted_pool *pool, const char *name);

/* Whether an entry is about a lock, or a pool of a server's, that is in the list; an empty one has
 * all. */
bool wanted_pools_concern(const struct wanted_pools *list, const struct store_history *entry);

void wanted_pools_fini(struct wanted_pools *list);

#endif
