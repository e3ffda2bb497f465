/* What becomes of a job whose lock was taken from it. */
#ifndef FARMLOCK_LOCKERSH_LOSS_H
#define FARMLOCK_LOCKERSH_LOSS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipclocker.h"
#include "process/process_ref.h"

/* What is to be done, besides telling it on the job's standard error. */
struct loss_plan {
    const char *command; /* a line for sh(1); NULL for none */
    int signal;          /* for the job; 0 for none */
    int64_t grace_ms;    /* from there to SIGKILL */
    int64_t warn_ms;     /* so long before the hold limit, tell of it; 0: not */
    bool quiet;          /* tell nothing */
};

struct loss {
    const struct loss_plan *plan;
    const struct process_ref *job; /* NULL: all whose first process we are */
    bool happened, warned;
    bool given_back; /* by its owner, and not by us: there is nothing to tell */
    int64_t kill_ms; /* by the monotonic clock; INT64_MAX for never */
};

/* The plan and the job stay the caller's, and must outlive it. */
void loss_init(struct loss *loss, const struct loss_plan *plan, const struct process_ref *job);

/* Fills in what to wait for while the lock is held, a descriptor, -1 for none, and its events.
 * Returns in how many milliseconds loss_work() is to be called at the latest; -1 for never. */
int loss_prepare(const struct loss *loss, const struct ipclocker *lock, struct pollfd *poll_fd);

/* Looks after the lock and does what is due: the warning, what is planned of a loss, once, and the
 * end of the grace.  A handle that cannot keep its lock lets go of its connection: what may be ours
 * in part still is given back in the end. */
void loss_work(struct loss *loss, struct ipclocker *lock);

#endif
