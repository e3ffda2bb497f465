/* The "locks", "and" and "count" lines of a connection, as they come from strangers. */
#ifndef FARMLOCK_SERVER_SETTING_DEMAND_H
#define FARMLOCK_SERVER_SETTING_DEMAND_H

#include <stddef.h>

#include "lock/demand.h"
#include "refusal.h"

enum { DEMAND_NAMES_MAX = 1024, DEMAND_NAME_LEN_MAX = 255 };

/* Adds a group, of which one is needed, from words split at white space in `text`.  Returns NULL,
 * or what is wrong with it, for the client; then nothing has changed.
 */
const struct refusal *setting_demand_add_group(struct lock_demand *demand, const char *text);

/* How many of the last group are needed.  Returns as above. */
const struct refusal *setting_demand_set_count(struct lock_demand *demand, size_t count);

#endif
