/* Which features of license servers are the seats of which pool of lockerd's. */
#ifndef FARMLOCK_LOCKFLEX_FEATURE_MAP_H
#define FARMLOCK_LOCKFLEX_FEATURE_MAP_H

#include <stddef.h>

#include "base/name_list.h"

enum { FEATURE_MAP_POOLS_MAX = 1024 };

struct feature_map_pool {
    char *name;
    struct name_list features;
};

/* All zero is empty. */
struct feature_map {
    struct feature_map_pool *pools;
    size_t count, room;
    struct name_list features; /* of all pools, each once */
};

/* Adds "POOL=FEATURE", or several features with colons between, whose licenses are all the pool's
 * seats.  Returns 0; or -1 with errno, what was mapped before unchanged, and one line in `error`:
 *   EINVAL  not of this form, or a pool that is mapped already
 *   E2BIG   more than FEATURE_MAP_POOLS_MAX pools, or NAME_LIST_NAMES_MAX features
 *   ENOMEM
 */
int feature_map_add(struct feature_map *map, const char *text, char *error, size_t error_size);
void feature_map_fini(struct feature_map *map);

/* The place of a feature of one of the pools in the list of all. */
size_t feature_map_index(const struct feature_map *map, const char *feature);

#endif
