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

/* "slurm:JOB", with a part of it and the cluster's name where there are any. */
static bool put_slurm(char out[JOB_ID_SIZE], const char *job, const char *mark, const char *part)
{
    const char *cluster = lookup("SLURM_CLUSTER_NAME");

    return put(out, "slurm:%s%s%s%s%s", job, mark, part, cluster != NULL ? "@" : "",
               cluster != NULL ? cluster : "");
}

static bool find_part(char out[JOB_ID_SIZE], const char *job_variable, const char *mark,
                      const char *part_variable)
{
    const char *job = lookup(job_variable), *part = lookup(part_variable);

    return job != NULL && part != NULL && put_slurm(out, job, mark, part);
}

static bool find_array_task(char out[JOB_ID_SIZE])
{
    return find_part(out, "SLURM_ARRAY_JOB_ID", "_", "SLURM_ARRAY_TASK_ID");
}

static bool find_component(char out[JOB_ID_SIZE])
{
    return find_part(out, "SLURM_HET_JOB_ID", "+", "SLURM_HET_JOB_OFFSET");
}

static bool find_slurm(char out[JOB_ID_SIZE])
{
    const char *job = lookup("SLURM_JOB_ID");

    if (job == NULL)
        return false;
    return find_array_task(out) || find_component(out) || put_slurm(out, job, "", "");
}

size_t job_id_all_of_slurm(char out[JOB_ID_SLURM_NAMES][JOB_ID_SIZE])
{
    const char *job = lookup("SLURM_JOB_ID");
    size_t count = 0;

    if (job == NULL)
        return 0;
    count += put_slurm(out[count], job, "", "");
    count += find_array_task(out[count]);
    count += find_component(out[count]);
    return count;
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
