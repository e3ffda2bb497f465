/* The groups of the system that rules of pools name, and who is in them. */
#ifndef FARMLOCK_SERVER_SYSTEM_GROUPS_H
#define FARMLOCK_SERVER_SYSTEM_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/pools.h"

/* Does not change any more; threads may share it. */
struct system_groups;

/* Those of a configuration, copied; NULL when there is no memory. */
const struct system_groups *system_groups_create(const struct pools_config *config);
const struct system_groups *system_groups_share(const struct system_groups *groups);
void system_groups_release(const struct system_groups *groups); /* of one that shares it */

bool system_groups_are_same(const struct system_groups *one, const struct system_groups *other);

size_t system_groups_count(const struct system_groups *groups);
const char *system_groups_name(const struct system_groups *groups, size_t which);

/* Which of them a login is in.  Asks the user database, and may block; may be called by any thread.
 * Returns as many as there are, for free(3), all false for a login that there is not; NULL where
 * the database, or memory, cannot be had. */
bool *system_groups_of(const struct system_groups *groups, const char *login);

#endif
