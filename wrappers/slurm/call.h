/* Calls of libslurm in a child process with a deadline: slurm_init() without a configuration exits
 * the process, and calls block for up to a minute when slurmctld is away.
 */
#ifndef FARMLOCK_SLURM_CALL_H
#define FARMLOCK_SLURM_CALL_H

#include <stddef.h>
#include <stdint.h>

enum { SLURM_CALL_ERROR_SIZE = 512 };

/* Memory that a child shares with its parent, all zero; NULL with errno.  Freed by
 * slurm_call_free(), which ignores NULL.
 */
void *slurm_call_alloc(size_t size);
void slurm_call_free(void *memory, size_t size);

/* Runs a function in a child process, where slurm_init() has been called.  What it finds out it
 * writes to memory of slurm_call_alloc(); why it fails, to standard error, as libslurm does too.
 * Blocks until it has ended, or the deadline is over or stop_wanted(), when the child is killed.
 * Returns 0 when it returned 0.  Else -1 with errno, and `error` says why in one line, harmless for
 * a terminal:
 *   ETIMEDOUT  Slurm did not answer in time
 *   EINTR      stop_wanted()
 *   EPROTO     the function, or Slurm's library, has failed
 *   EAGAIN, ENOMEM, EMFILE  there was no child
 */
int slurm_call(int (*function)(void *context), void *context, int64_t deadline_ms,
               char error[SLURM_CALL_ERROR_SIZE]);

#endif
