/* Grid Engine, as lockreap asks it about jobs. */
#ifndef FARMLOCK_GRIDENGINE_JOB_SOURCE_H
#define FARMLOCK_GRIDENGINE_JOB_SOURCE_H

#include "scheduler/job_source.h"

extern const struct job_source gridengine_job_source;

#endif
