/* What is done with pools beside asking for seats: lists, and seats out of use. */
#ifndef FARMLOCK_LOCKERSH_POOL_ACTS_H
#define FARMLOCK_LOCKERSH_POOL_ACTS_H

#include "options.h"

/* Does what the options' action says, which is one about pools.  Returns the status to exit with
 * after a message, 0 for success, or -1 with errno where ipclocker_error() says what failed. */
int pool_acts_do(const struct lockersh_options *options, struct ipclocker *lock);

#endif
