/* Cancelling the allocation that a dead srun has left. */
#ifndef FARMLOCK_SPANK_CANCEL_H
#define FARMLOCK_SPANK_CANCEL_H

#include <stdint.h>

enum { CANCEL_NODES_MAX = 16 }; /* that try at all */

/* Runs scancel(1) for a job, as the calling process's user, and again with growing pauses, for
 * three quarters of an hour at most, while that fails: slurmctld may be away.  The first node of
 * the job (`node_id` 0) does it at once, CANCEL_NODES_MAX - 1 others some seconds later, in case
 * the first had no task left; all others leave it to them.  Blocks.
 */
void cancel_job(uint32_t job, uint32_t node_id);

#endif
