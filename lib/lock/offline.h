/* Locks and seats of pools that are out of use: nobody is given them, but who has one keeps it. */
#ifndef FARMLOCK_LOCK_OFFLINE_H
#define FARMLOCK_LOCK_OFFLINE_H

#include "types.h"

/* The first single lock that a waiting request needs to be put back into use, as too few of a group
 * are; NULL where it waits for something else. */
const char *lock_offline_in_the_way(const struct lock_request *request);

#endif
