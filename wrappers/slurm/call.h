/* Calls of libslurm, in a child process with a deadline: slurm_init() without a configuration exits
 * the process, and calls block for up to a minute when slurmctld is away.
 */
#ifndef FARMLOCK_SLURM_CALL_H
#define FARMLOCK_SLURM_CALL_H

#include <stdint.h>

#include "scheduler/child.h"

/* child_call() of a function that is called behind slurm_init(). */
int slurm_call(int (*function)(void *context), void *context, int64_t deadline_ms,
               char error[CHILD_ERROR_SIZE]);

#endif
