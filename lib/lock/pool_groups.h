/* Where a configuration of pools names users and groups. */
#ifndef FARMLOCK_LOCK_POOL_GROUPS_H
#define FARMLOCK_LOCK_POOL_GROUPS_H

#include "pools.h"

/* The declared group of that name, "group:NAME"; NULL: there is none. */
const struct pool_group *pool_groups_find(const struct pools_config *config, const char *name);

/* Whether it matters to a pool who is in which group. */
bool pool_groups_matter(const struct pool_config *pool);

bool pool_groups_is_declared(const char *user); /* one, by its spelling */
bool pool_groups_is_system(const char *user);

#endif
