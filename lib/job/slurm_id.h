/* The ids of Slurm's jobs, as people and job_id_from_environment() write them. */
#ifndef FARMLOCK_JOB_SLURM_ID_H
#define FARMLOCK_JOB_SLURM_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { SLURM_CLUSTER_SIZE = 65, SLURM_JOB_TEXT_SIZE = 112 };

enum slurm_part {
    SLURM_PART_NONE,      /* 4711: a job, or whichever part has that number of its own */
    SLURM_PART_TASK,      /* 4711_3: a task of an array */
    SLURM_PART_COMPONENT, /* 4711+1: of a heterogeneous job */
};

struct slurm_job {
    uint32_t id;
    enum slurm_part part;
    uint32_t number;                  /* of the part; 0 without one */
    uint32_t own;                     /* the number that a task has of its own; 0: not said */
    char cluster[SLURM_CLUSTER_SIZE]; /* "" where it is not said */
};

/* Parses "4711", "4711_3", "4711_3=4714" or "4711+1", each with "@CLUSTER" behind it or not, and
 * with "slurm:" in front or not.  Nothing else passes: a cluster's name has letters, digits, '.',
 * '_' and '-'. Returns false, with *job untouched, when it is no such id.
 */
bool slurm_id_parse(const char *text, struct slurm_job *job);

/* Writes "slurm:4711_3=4714@lab", as locks carry it. */
void slurm_id_format(char out[SLURM_JOB_TEXT_SIZE], const struct slurm_job *job);

/* What to ask Slurm about: a task's own number where it is said.  A job that a task has submitted
 * finds the task's variables in its environment, so that only this number is certainly its own.
 */
struct slurm_job slurm_id_to_ask(const struct slurm_job *job);

/* Whether somebody who writes `wanted` means this job: a task can be named without its own number.
 */
bool slurm_id_is_meant(const struct slurm_job *wanted, const struct slurm_job *job);

/* Whether a text begins with "slurm:", so that it is, or should be, such an id. */
bool slurm_id_is_ours(const char *text);

/* Orders by id and part; the cluster and a task's own number do not count. */
int slurm_id_compare(const struct slurm_job *a, const struct slurm_job *b);

/* Whether a task is in the list that Slurm has of an array's tasks which have not started:
 * "0-5,9%2" or "0-8:4".  A list that cannot be understood, or was cut with "...", may hold any.
 */
bool slurm_id_list_has(const char *tasks, uint32_t task);

#endif
