/* Waiting for a lock as a command does: with news for a person, and until a signal. */
#ifndef FARMLOCK_WAITING_H
#define FARMLOCK_WAITING_H

#include "progress.h"

/* Gets the lock as ipclocker_lock() does.  SIGINT, SIGTERM and SIGHUP leave the queue at once and
 * then end the process, as they would have without us; where they are ignored they stay ignored.
 * Signals are as they were when this returns.
 */
int waiting_run(struct ipclocker *lock, struct progress *progress);

#endif
