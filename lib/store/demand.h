/* What a request has asked for, or holds, as the store keeps it: groups of names with counts, as
 * text.
 */
#ifndef FARMLOCK_STORE_DEMAND_H
#define FARMLOCK_STORE_DEMAND_H

#include <stddef.h>

#include "lock/table.h"

/* The groups of a demand, read from text: "COUNT NAME NAME" for each, a line a group.  A held
 * request has one group, of all that it holds.
 */
struct store_demand {
    char *text; /* which the names point into */
    const char **names;
    struct lock_group *groups;
    size_t group_count;
};

/* Returns 0, for the caller to end with store_demand_fini(); or -1 with errno EINVAL or ENOMEM, and
 * there is nothing to free.
 */
int store_demand_parse(struct store_demand *demand, const char *text);

/* Keeps errno. */
void store_demand_fini(struct store_demand *demand);

#endif
