/* The "locks", "and" and "count" lines of a connection, as they come from strangers. */
#ifndef FARMLOCK_SERVER_SETTING_DEMAND_H
#define FARMLOCK_SERVER_SETTING_DEMAND_H

#include <stddef.h>

#include "lock/demand.h"
#include "refusal.h"

enum { DEMAND_NAME_LEN_MAX = 255 };

/* What a demand may have. */
struct setting_demand_limits {
    size_t names, bytes;
};

/* What is returned when it would have more: of these, others know better what to say. */
extern const struct refusal setting_demand_too_many, setting_demand_too_long;

/* Adds a group, of which one is needed, from words split at white space in `text`.  Returns NULL,
 * or what is wrong with it, for the client; then nothing has changed.
 */
const struct refusal *setting_demand_add_group(struct lock_demand *demand, const char *text,
                                               const struct setting_demand_limits *limits);

/* How many of the last group are needed.  Returns as above. */
const struct refusal *setting_demand_set_count(struct lock_demand *demand, size_t count);

/* Whether the last group is shared.  Returns as above. */
const struct refusal *setting_demand_set_shared(struct lock_demand *demand, bool shared);
const struct refusal *setting_demand_set_spread(struct lock_demand *demand, bool spread);

#endif
