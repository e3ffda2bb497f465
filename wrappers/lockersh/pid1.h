/* lockersh as the first process of a pid namespace, such as a container's. */
#ifndef FARMLOCK_LOCKERSH_PID1_H
#define FARMLOCK_LOCKERSH_PID1_H

#include <signal.h>

#include "ipclocker.h"

/* Forks the job.  With the end of the first process the kernel kills all others of the namespace, a
 * monitor too: so it stays, keeps the handle's lock, reaps orphans and passes signals on.
 * Signals that are pending are passed on too.
 * Returns 0 in the child, with this signal mask; in the first process 1 when the job has ended,
 * with *status to exit with, 128+N after signal N, and all signals blocked; -1 with errno of
 * fork(2) or signalfd(2).  The lock is the caller's to give back.
 */
int first_process_fork_job(struct ipclocker *lock, const sigset_t *mask, int *status);

#endif
