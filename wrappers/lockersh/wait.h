/* Waiting for a lock as a command does: with news for a person, and until a signal. */
#ifndef FARMLOCK_LOCKERSH_WAIT_H
#define FARMLOCK_LOCKERSH_WAIT_H

#include <signal.h>

#include "conversation.h"
#include "progress.h"
#include "subject.h"

/* Gets the lock as ipclocker_lock() does.  SIGINT, SIGTERM and SIGHUP leave the queue at once and
 * then end the process, as they would have without us; where they are ignored they stay ignored.
 * Signals are as they were when this returns, and *mask is the mask they had.  In the first process
 * of a pid namespace, where the kernel drops what would end another one, those three stay blocked:
 * what comes is there still for first_process_fork_job().
 * The end of `subject`, a process for which the lock is, ends the wait with ESRCH; NULL is none.
 */
int wait_for_lock(struct ipclocker *lock, struct progress *progress,
                  struct conversation *conversation, struct subject *subject, sigset_t *mask);

#endif
