/* Slurm, as lockreap asks it about jobs. */
#ifndef FARMLOCK_SLURM_JOB_SOURCE_H
#define FARMLOCK_SLURM_JOB_SOURCE_H

#include "scheduler/job_source.h"

extern const struct job_source slurm_job_source;

#endif
