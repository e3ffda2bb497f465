/* The process that lockersh leaves behind: it gives the lock back the moment the job ends. */
#ifndef FARMLOCK_LOCKERSH_MONITOR_H
#define FARMLOCK_LOCKERSH_MONITOR_H

#include "family.h"
#include "ipclocker.h"
#include "loss.h"
#include "pid_file.h"
#include "subject.h"

struct monitor_plan {
    const struct loss_plan *loss;
    const struct pid_file *file; /* whose process is next; NULL: none is */
    const struct family *family; /* one of which is next, as long as there is one; NULL: none is */
};

/* Leaves a detached process behind that takes over the handle's connection, watches the process
 * that the handle has, and unlocks when it has ended.  It has a session of
 * its own, keeps no descriptor open but those that it needs, and cannot be ended by the signals
 * that a terminal or scheduler sends to the job.  While the server is away it tries to reach it,
 * as long as the process runs and for patience_s() after that.  Of a lock that is lost it does what
 * is planned.
 * Where there is a file it waits, behind the end of the process, 10 seconds for it to name another
 * one, and then goes on for that; behind the end of that it looks once.  Where there is a family it
 * goes on until the last of it has ended.
 * Returns 0 in the calling process, whose copy of the connection closes with exec; -1 with errno of
 * fork(2) when there is no such process.
 */
int monitor_start(struct ipclocker *lock, const struct subject *subject,
                  const struct monitor_plan *plan);

#endif
