/* What Slurm says of jobs. */
#ifndef FARMLOCK_SLURM_JOBS_H
#define FARMLOCK_SLURM_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "job/slurm_id.h"
#include "scheduler/job_source.h"

enum { JOBS_RELEASE_SIZE = 16 };

struct slurm_jobs_one {
    struct slurm_job job;
    size_t index; /* the caller's */
    bool asked;   /* it is this cluster's, so that the rest means something */
    struct job_standing standing;
    uint32_t state; /* as Slurm has it */
    bool strange;   /* it is in a state that this build does not know; it counts as live */
};

/* The question and its answers, in memory that is shared with the process that asks. */
struct slurm_jobs {
    char cluster[SLURM_CLUSTER_SIZE]; /* of the slurmctld that answered */
    int64_t min_job_age_ms;
    bool hides_jobs; /* from this user: one that it does not show may be there */
    bool takes_bare; /* ids without a cluster are this one's */
    size_t count;
    struct slurm_jobs_one ones[]; /* asking sorts them by slurm_id_compare() */
};

/* Makes a question about so many jobs, to be filled in; NULL with errno. */
struct slurm_jobs *jobs_create(size_t count);
void jobs_destroy(struct slurm_jobs *jobs);

/* Asks.  Returns 0, or -1 with errno and the error as slurm_call() has them. */
int jobs_ask(struct slurm_jobs *jobs, int64_t deadline_ms, char error[CHILD_ERROR_SIZE]);

/* What people call the state of a job that was asked about: "NODE_FAIL", "not known any more". */
const char *jobs_state(const struct slurm_jobs_one *one);

/* Writes the release of Slurm that this was built with, such as "24.11". */
void jobs_release(char release[JOBS_RELEASE_SIZE]);

#endif
