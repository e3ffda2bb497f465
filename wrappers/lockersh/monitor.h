/* The process that lockersh leaves behind: it gives the lock back the moment the job ends. */
#ifndef FARMLOCK_LOCKERSH_MONITOR_H
#define FARMLOCK_LOCKERSH_MONITOR_H

#include "ipclocker.h"

/* Leaves a detached process behind that takes over the handle's connection, watches the calling
 * process, whose pid the handle must have, and unlocks when it has ended.  It has a session of
 * its own, keeps no descriptor open but those that it needs, and cannot be ended by the signals
 * that a terminal or scheduler sends to the job.  While the server is away it tries to reach it,
 * as long as the job runs and for patience_s() after that.
 * Returns 0 in the calling process, whose copy of the connection closes with exec; -1 with errno of
 * fork(2) when there is no such process.
 */
int monitor_start(struct ipclocker *lock);

#endif
