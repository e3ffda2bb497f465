/* Locks for processes that go on. */
#ifndef FARMLOCK_LOCKERSH_FOR_PID_H
#define FARMLOCK_LOCKERSH_FOR_PID_H

#include "conversation.h"
#include "ipclocker.h"
#include "options.h"
#include "progress.h"

/* Gets the lock for the process, prints it where that is wanted, and leaves a monitor behind.
 * Returns the status to exit with, having said what is wrong; -1 with errno where a call of the
 * library has failed, as do the next.
 */
int for_pid_hold(const struct lockersh_options *options, struct ipclocker *lock,
                 struct progress *progress, struct conversation *conversation);

/* Gives back what is held for it. */
int for_pid_unlock(const struct lockersh_options *options, struct ipclocker *lock);

/* Puts off the hold limit of what is held for it, or of what the command is inside of which this
 * runs. */
int for_pid_extend(const struct lockersh_options *options, struct ipclocker *lock);

#endif
