/* The ids of Grid Engine's jobs, as job_id_from_environment() writes them. */
#ifndef FARMLOCK_JOB_GRIDENGINE_ID_H
#define FARMLOCK_JOB_GRIDENGINE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { GRIDENGINE_CLUSTER_SIZE = 65 };

struct gridengine_job {
    uint32_t id;
    uint32_t task;                         /* of an array, from 1; 0: of none */
    char cluster[GRIDENGINE_CLUSTER_SIZE]; /* "" where it is not said */
};

/* Parses "sge:5", "sge:5.3", each with "@CLUSTER" behind it or not.  Returns false, with *job
 * untouched, when it is no such id.
 */
bool gridengine_id_parse(const char *text, struct gridengine_job *job);

/* What a cell calls itself, by its SGE_CLUSTER_NAME and SGE_CELL; either may be NULL.  NULL where
 * it does not: every installation has a cell "default".
 */
const char *gridengine_cluster(const char *cluster_name, const char *cell);

#endif
