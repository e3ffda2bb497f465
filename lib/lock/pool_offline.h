/* Seats of pools that are out of use, as those who want them see it. */
#ifndef FARMLOCK_LOCK_POOL_OFFLINE_H
#define FARMLOCK_LOCK_POOL_OFFLINE_H

#include "pool_types.h"

/* How many of the seats that a want may choose from are offline. */
int64_t pool_count_offline(const struct pool_want *want);

/* The first seat that a request which is aside needs to be put back into use, as too few of a group
 * are; NULL where that would not do, or it is aside for something else. */
const char *pool_offline_in_the_way(const struct lock_request *request);

#endif
