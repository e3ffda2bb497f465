/* libslurm, and the one place that knows how its releases differ, as far as programs are concerned.
 * 22.05 is the oldest that they are built with, 26.05 the newest that is known; a newer one is
 * taken to be like that.
 */
#ifndef FARMLOCK_SLURM_COMPAT_H
#define FARMLOCK_SLURM_COMPAT_H

#include <slurm/slurm.h>
#include <slurm/slurm_version.h>
#include <stdint.h>

#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(22, 5, 0)
#error "farmlock needs the headers of Slurm 22.05 or newer"
#endif

/* Bits of a job's state that change nothing of what its base state says: what was met on the way
 * there, or how it ended.  Bits 9 and 24 by number, for not every release has a name for them, and
 * slurmctld may be two releases newer than these headers: 9 is UPDATE_DB until 24.05, and
 * GETENV_FAILED from 25.05; 24 is EXPEDITING from 25.11.
 */
#define COMPAT_JOB_HARMLESS                                                              \
    ((uint32_t)(JOB_LAUNCH_FAILED | SLURM_BIT(9) | JOB_REQUEUE_HOLD | JOB_SPECIAL_EXIT | \
                JOB_RECONFIG_FAIL | JOB_RESV_DEL_HOLD | SLURM_BIT(24)))

/* Bits of a job that is over, or waits, which say that something of it may still be on a node, or
 * that another cluster or another run has it.
 */
#define COMPAT_JOB_BUSY                                                                       \
    ((uint32_t)(JOB_REQUEUE | JOB_RESIZING | JOB_CONFIGURING | JOB_COMPLETING | JOB_STOPPED | \
                JOB_POWER_UP_NODE | JOB_REVOKED | JOB_REQUEUE_FED | JOB_SIGNALING |           \
                JOB_STAGE_OUT))

/* slurm_load_job() of a job's id. */
static inline int compat_load_job(job_info_msg_t **message, uint32_t id, uint16_t flags)
{
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(26, 5, 0)
    slurm_step_id_t job = SLURM_STEP_ID_INITIALIZER;

    job.job_id = id;
    return slurm_load_job(message, job, flags);
#else
    return slurm_load_job(message, id, flags);
#endif
}

/* Frees what slurm_load_ctl_conf() made. */
static inline void compat_free_conf(slurm_conf_t *conf)
{
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(26, 5, 0)
    slurm_free_conf(conf);
#else
    slurm_free_ctl_conf(conf);
#endif
}

#endif
