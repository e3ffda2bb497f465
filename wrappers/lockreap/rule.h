/* When a job of Slurm's has lost its claim to what it holds in lockerd: the rule, without Slurm. */
#ifndef FARMLOCK_LOCKREAP_RULE_H
#define FARMLOCK_LOCKREAP_RULE_H

#include <stdint.h>

/* What Slurm says of a job.  What is neither certainly pending nor certainly over is live. */
enum job_phase {
    JOB_PHASE_FORGOTTEN, /* Slurm does not know it */
    JOB_PHASE_WAITING,   /* pending, and nothing of it is left on any node */
    JOB_PHASE_LIVE,      /* running, suspended, completing, being configured, ... */
    JOB_PHASE_OVER,      /* completed, failed, cancelled, ..., and nothing of it is left */
};

struct job_standing {
    enum job_phase phase;
    uint32_t restarts; /* how often it was queued again */
    int64_t submit_s;  /* since 1970: when it was queued, the last time */
    int64_t start_s;   /* when its present run started; means nothing while it waits */
};

struct reap_terms {
    int64_t listed_ms;      /* when lockerd made the list, by its own clock */
    int64_t skew_ms;        /* the most by which lockerd's clock and Slurm's differ */
    int64_t min_job_age_ms; /* how long Slurm certainly knows a job that is over */
};

/* What the job last asked lockerd for before this time, by lockerd's clock, is not needed any more;
 * what it asked for later is to be left alone.  0: all of it is.
 *
 * Slurm must have been asked behind the list.  Then
 * - of a job that is over, or waits to be run again, everything that was listed is left over;
 * - of a live one, what was asked for before it was queued again, or started again, is an earlier
 *   run's.  A first run is measured by when it was queued, as Slurm sets the start anew when nodes
 *   had to be booted for it;
 * - a job that Slurm does not know has been over for longer than Slurm remembers, if it is known to
 *   have been there before that: what is younger speaks of a job that should be known.
 */
int64_t rule_bound_ms(const struct job_standing *job, const struct reap_terms *terms);

#endif
