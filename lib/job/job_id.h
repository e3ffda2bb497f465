/* Which scheduler's job this process belongs to, as the scheduler's environment tells it. */
#ifndef FARMLOCK_JOB_JOB_ID_H
#define FARMLOCK_JOB_JOB_ID_H

#include <stdbool.h>
#include <stddef.h>

enum { JOB_ID_SIZE = 256 };

/* Writes the scheduler and its id of the job: "slurm:4711@lab" (of the cluster lab, where Slurm
 * says which), "slurm:4711_3=4714@lab" (an array's task, with the number that it has of its own),
 * "slurm:4711+1@lab" (a component of a heterogeneous job), "lsf:17[4]", "pbs:99[2].head",
 * "sge:55.7", "sge:55@lab" (of a cell that has another name than "default", or of a cluster that
 * says its name).  slurm_id.h and gridengine_id.h take theirs apart.  In a session of Grid Engine's
 * that has no variables, its shepherd is asked (shepherd.h).
 * Returns false, with "" in `out`, when the environment speaks of no job, or of one that could
 * not be an id.  The environment is the user's: this is a name to show and to look for, no proof.
 */
bool job_id_from_environment(char out[JOB_ID_SIZE]);

/* Whether an id that was made as above belongs to the job that somebody means by `wanted`: the same
 * id, with or without its scheduler and its cluster, or that of the array or heterogeneous job of
 * which it is a part.  "4711" covers slurm:4711, slurm:4711_3=4714@lab, slurm:4711+1 and
 * lsf:4711[4]; "4711_3" covers slurm:4711_3=4714@lab, and so does "4714".
 */
bool job_id_covers(const char *wanted, const char *id);

/* Whether a text is an id with its scheduler in front, "sge:5.3", as locks carry it: a name of
 * lower case letters, digits, '_' and '-', a colon, and what that scheduler calls the job, without
 * blanks and control characters.
 */
bool job_id_is_whole(const char *text);

enum { JOB_ID_SLURM_NAMES = 4 };

/* Writes every id that Slurm's job may have gone by, for EpilogSlurmctld, which is told more than
 * the job was: components of a heterogeneous job that share a node cannot tell which they are, and
 * go by the first one's id.
 * Returns how many; 0 when SLURM_JOB_ID is not set.
 */
size_t job_id_all_of_slurm(char out[JOB_ID_SLURM_NAMES][JOB_ID_SIZE]);

#endif
