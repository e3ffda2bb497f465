/* Job ids of Slurm, LSF, PBS and Grid Engine from their environment variables.
 * Must not ask the scheduler: this runs at the start of each lockersh. */
#include "job_id.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A variable's value when it is set, not empty, and fit for a word of the protocol. */
static const char *lookup(const char *variable)
{
    const char *value = getenv(variable);

    if (value == NULL || *value == '\0' || strlen(value) > 64)
        return NULL;
    for (const char *c = value; *c != '\0'; c++) {
        if (!isascii((unsigned char)*c) || !isgraph((unsigned char)*c))
            return NULL;
    }
    return value;
}

static bool put(char out[JOB_ID_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool put(char out[JOB_ID_SIZE], const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out, JOB_ID_SIZE, format, args);
    va_end(args);
    return len > 0 && len < JOB_ID_SIZE;
}

static bool find_slurm(char out[JOB_ID_SIZE])
{
    const char *job = lookup("SLURM_JOB_ID");
    const char *array_job = lookup("SLURM_ARRAY_JOB_ID");
    const char *array_task = lookup("SLURM_ARRAY_TASK_ID");
    const char *het_job = lookup("SLURM_HET_JOB_ID");
    const char *het_offset = lookup("SLURM_HET_JOB_OFFSET");
    const char *cluster = lookup("SLURM_CLUSTER_NAME");
    const char *at = cluster != NULL ? "@" : "";

    if (job == NULL)
        return false;
    if (cluster == NULL)
        cluster = "";
    if (array_job != NULL && array_task != NULL)
        return put(out, "slurm:%s_%s%s%s", array_job, array_task, at, cluster);
    if (het_job != NULL && het_offset != NULL)
        return put(out, "slurm:%s+%s%s%s", het_job, het_offset, at, cluster);
    return put(out, "slurm:%s%s%s", job, at, cluster);
}

static bool find_lsf(char out[JOB_ID_SIZE])
{
    const char *job = lookup("LSB_JOBID");
    const char *index = lookup("LSB_JOBINDEX");

    if (job == NULL)
        return false;
    /* LSF sets the index to 0 for a job that is no array's element. */
    if (index != NULL && strcmp(index, "0") != 0)
        return put(out, "lsf:%s[%s]", job, index);
    return put(out, "lsf:%s", job);
}

static bool find_pbs(char out[JOB_ID_SIZE])
{
    const char *job = lookup("PBS_JOBID");

    return job != NULL && put(out, "pbs:%s", job);
}

static bool find_sge(char out[JOB_ID_SIZE])
{
    const char *job = lookup("JOB_ID");
    const char *task = lookup("SGE_TASK_ID");

    /* JOB_ID is too common a name to stand alone. */
    if (job == NULL || (lookup("SGE_ROOT") == NULL && lookup("SGE_CELL") == NULL && task == NULL))
        return false;
    if (task != NULL && strcmp(task, "undefined") != 0)
        return put(out, "sge:%s.%s", job, task);
    return put(out, "sge:%s", job);
}

bool job_id_from_environment(char out[JOB_ID_SIZE])
{
    if (find_slurm(out) || find_lsf(out) || find_pbs(out) || find_sge(out))
        return true;
    out[0] = '\0';
    return false;
}

bool job_id_covers(const char *wanted, const char *id)
{
    const char *own = strchr(id, ':'), *cluster = strrchr(wanted, '@');
    const char *id_cluster = strrchr(id, '@');
    size_t len;

    if (strcmp(wanted, id) == 0)
        return true;
    if (strchr(wanted, ':') == NULL && own != NULL)
        id = own + 1;
    len = cluster != NULL ? (size_t)(cluster - wanted) : strlen(wanted);
    if (cluster != NULL && (id_cluster == NULL || strcmp(cluster, id_cluster) != 0))
        return false;
    return len > 0 && strncmp(wanted, id, len) == 0 && !isalnum((unsigned char)id[len]);
}
