/* Which project the job of this process is for, as its scheduler's environment tells it. */
#ifndef FARMLOCK_JOB_JOB_PROJECT_H
#define FARMLOCK_JOB_JOB_PROJECT_H

/* The account or project of the job: SLURM_JOB_ACCOUNT in a job of Slurm's, LSB_PROJECT_NAME in one
 * of LSF's, PBS_ACCOUNT in one of PBS's, where the site sets it, and SGE_ACCOUNT in one of Grid
 * Engine's, which has no variable for its projects, unless it is "sge", as for all who say none.
 * NULL where there is none, or it could not be a word of the protocol.  Points into the
 * environment, which is the user's: it is no proof.
 */
const char *job_project_from_environment(void);

#endif
