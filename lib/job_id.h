/* Which scheduler's job this process belongs to, as the scheduler's environment tells it. */
#ifndef FARMLOCK_JOB_ID_H
#define FARMLOCK_JOB_ID_H

#include <stdbool.h>
#include <stddef.h>

enum { JOB_ID_SIZE = 256 };

/* Writes the scheduler and its id of the job: "slurm:4711@lab" (of the cluster lab, where Slurm
 * says which), "slurm:4700_3@lab" (an array's task), "slurm:4711+1@lab" (a component of a
 * heterogeneous job), "lsf:17[4]", "pbs:99[2].head", "sge:55.7".  slurm_job.h takes Slurm's apart.
 * Returns false, with "" in `out`, when the environment speaks of no job, or of one that could
 * not be an id.  The environment is the user's: this is a name to show and to look for, no proof.
 */
bool job_id_from_environment(char out[JOB_ID_SIZE]);

enum { JOB_ID_SLURM_NAMES = 3 };

/* Writes every id that Slurm's job may have gone by, for EpilogSlurmctld, which is told more than
 * the job was: the components of a heterogeneous job all see the first one's id and nothing else.
 * Returns how many; 0 when SLURM_JOB_ID is not set.
 */
size_t job_id_all_of_slurm(char out[JOB_ID_SLURM_NAMES][JOB_ID_SIZE]);

#endif
