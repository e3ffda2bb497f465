/* The schedulers that lockreap can ask. */
#ifndef FARMLOCK_LOCKREAP_SOURCES_H
#define FARMLOCK_LOCKREAP_SOURCES_H

#include "scheduler/job_source.h"

/* As --scheduler has them, in this order. */
#define SOURCES_WORDS "slurm|sge"

/* NULL for one that this lockreap was built without. */
const struct job_source *sources_find(unsigned index);

#endif
