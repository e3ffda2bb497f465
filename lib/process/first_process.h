/* A program that becomes its command, as the first process of a pid namespace, such as a
 * container's. */
#ifndef FARMLOCK_PROCESS_FIRST_PROCESS_H
#define FARMLOCK_PROCESS_FIRST_PROCESS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/* What there is to do beside the job. */
struct first_process_work {
    /* Fills in a descriptor, -1 for none, and its events.  Returns how long to wait for it at most,
     * in milliseconds; below 0 is for ever. */
    int (*prepare)(void *context, struct pollfd *poll_fd);
    void (*work)(void *context); /* whenever something may be due */
    void *context;
    bool for_all; /* until the job, and all others of the namespace, have ended */
};

/* Forks the job.  To a first process the kernel passes no signal from inside that it does not
 * handle, and with its end it kills all others of the namespace, a monitor too: so it stays, reaps
 * orphans and passes signals on.  Signals that are pending are passed on too. `work` may be NULL.
 * Returns 0 in the child, with this signal mask; in the first process 1 when the job has ended,
 * with *status to exit with, 128+N after signal N, and all signals blocked; -1 with errno of
 * fork(2) or signalfd(2).
 */
int first_process_fork_job(const struct first_process_work *work, const sigset_t *mask,
                           int *status);

#endif
