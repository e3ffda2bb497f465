/* Waits that are ended by somebody else than the waiter. */
#ifndef FARMLOCK_LOCKERSH_CANCEL_H
#define FARMLOCK_LOCKERSH_CANCEL_H

#include "ipclocker.h"
#include "options.h"

/* Takes the waits of the target, an owner or a job, off the queues, and prints how many they were.
 * Returns the status to exit with, having said what is wrong; -1 with errno where a call of the
 * library has failed.
 */
int cancel_waits(const struct lockersh_options *options, struct ipclocker *lock);

#endif
