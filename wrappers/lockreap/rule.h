/* When a job has lost its claim to what it holds in lockerd: the rule, without a scheduler. */
#ifndef FARMLOCK_LOCKREAP_RULE_H
#define FARMLOCK_LOCKREAP_RULE_H

#include <stdint.h>

#include "scheduler/job_source.h"

struct reap_terms {
    int64_t listed_ms; /* when lockerd made the list, by its own clock */
    int64_t skew_ms;   /* the most by which lockerd's clock and the scheduler's differ */
    int64_t memory_ms; /* how long the scheduler certainly knows a job that is over */
};

/* What the job last asked lockerd for before this time, by lockerd's clock, is not needed any more;
 * what it asked for later is to be left alone.  0: all of it is.
 *
 * The scheduler must have been asked behind the list.  Then
 * - of a job that is over, or waits to be run again, everything that was listed is left over;
 * - of a live one, what was asked for before it was queued again, or started again, is an earlier
 *   run's.  A first run is measured by when it was queued, as Slurm sets the start anew when nodes
 *   had to be booted for it;
 * - a job that it does not know has been over for longer than it remembers, if it is known to
 *   have been there before that: what is younger speaks of a job that should be known.
 */
int64_t rule_bound_ms(const struct job_standing *job, const struct reap_terms *terms);

#endif
