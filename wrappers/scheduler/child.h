/* Asking a scheduler in a child process with a deadline: its library may exit the process, its
 * commands may hang.
 */
#ifndef FARMLOCK_SCHEDULER_CHILD_H
#define FARMLOCK_SCHEDULER_CHILD_H

#include <stddef.h>
#include <stdint.h>

enum { CHILD_ERROR_SIZE = 512 };

/* Memory that a child shares with its parent, all zero; NULL with errno.  Freed by
 * child_free(), which ignores NULL.
 */
void *child_alloc(size_t size);
void child_free(void *memory, size_t size);

/* Runs a function in a child process.  What it finds out it writes to memory of child_alloc(); why
 * it fails, to standard error, as the scheduler's library or command does too.
 * Blocks until it has ended, or the deadline is over or stop_wanted(), when the child is killed.
 * Returns 0 when it returned 0.  Else -1 with errno, and `error` says why in one line, harmless for
 * a terminal:
 *   ETIMEDOUT  the scheduler did not answer in time
 *   EINTR      stop_wanted()
 *   EPROTO     the function, or the scheduler's library, has failed
 *   EAGAIN, ENOMEM, EMFILE  there was no child
 */
int child_call(int (*function)(void *context), void *context, int64_t deadline_ms,
               char error[CHILD_ERROR_SIZE]);

#endif
