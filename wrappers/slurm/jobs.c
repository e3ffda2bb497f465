/* What Slurm says of jobs: one small question a job, or one large one when they are many.
 * Must not take silence, nor a job that is hidden from us, for the end of a job. */
#include "jobs.h"

#include <errno.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "phase.h"

/* From here on the list of all jobs is cheaper for slurmctld. */
enum { MANY_JOBS = 100 };

static const char *const state_names[] = {
    [JOB_PENDING] = "PENDING",     [JOB_RUNNING] = "RUNNING",     [JOB_SUSPENDED] = "SUSPENDED",
    [JOB_COMPLETE] = "COMPLETED",  [JOB_CANCELLED] = "CANCELLED", [JOB_FAILED] = "FAILED",
    [JOB_TIMEOUT] = "TIMEOUT",     [JOB_NODE_FAIL] = "NODE_FAIL", [JOB_PREEMPTED] = "PREEMPTED",
    [JOB_BOOT_FAIL] = "BOOT_FAIL", [JOB_DEADLINE] = "DEADLINE",   [JOB_OOM] = "OUT_OF_MEMORY",
};

static size_t size_of(size_t count)
{
    return sizeof(struct slurm_jobs) + count * sizeof(struct slurm_jobs_one);
}

struct slurm_jobs *jobs_create(size_t count)
{
    struct slurm_jobs *jobs = child_alloc(size_of(count));

    if (jobs != NULL)
        jobs->count = count;
    return jobs;
}

void jobs_destroy(struct slurm_jobs *jobs)
{
    if (jobs != NULL)
        child_free(jobs, size_of(jobs->count));
}

const char *jobs_state(const struct slurm_jobs_one *one)
{
    uint32_t base = one->state & JOB_STATE_BASE;

    if (one->standing.phase == JOB_PHASE_FORGOTTEN)
        return "not known any more";
    if ((one->state & JOB_COMPLETING) != 0)
        return "COMPLETING";
    return base < sizeof state_names / sizeof *state_names ? state_names[base] : "unknown state";
}

void jobs_release(char release[JOBS_RELEASE_SIZE])
{
    snprintf(release, JOBS_RELEASE_SIZE, "%02u.%02u",
             (unsigned)SLURM_VERSION_MAJOR(SLURM_VERSION_NUMBER),
             (unsigned)SLURM_VERSION_MINOR(SLURM_VERSION_NUMBER));
}

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, slurm_strerror(errno));
    return -1;
}

static int ask_configuration(struct slurm_jobs *jobs)
{
    slurm_conf_t *conf = NULL;
    int len;

    if (slurm_load_ctl_conf(0, &conf) != 0)
        return fail("cannot ask for the configuration");
    len = snprintf(jobs->cluster, sizeof jobs->cluster, "%s",
                   conf->cluster_name != NULL ? conf->cluster_name : "");
    jobs->min_job_age_ms = (int64_t)conf->min_job_age * 1000;
    jobs->hides_jobs = (conf->private_data & PRIVATE_DATA_JOBS) != 0 && geteuid() != 0 &&
                       geteuid() != conf->slurm_user_id;
    compat_free_conf(conf);
    if (len > 0 && (size_t)len < sizeof jobs->cluster)
        return 0;
    fprintf(stderr, "the cluster has no name, or one that is too long\n");
    return -1;
}

static int compare(const void *a, const void *b)
{
    const struct slurm_jobs_one *left = a, *right = b;

    return slurm_id_compare(&left->job, &right->job);
}

static void set_standing(struct slurm_jobs_one *one, const slurm_job_info_t *info)
{
    one->state = info->job_state;
    one->strange = phase_is_strange(info->job_state);
    one->standing = (struct job_standing){
        .phase = phase_of(info->job_state),
        .restarts = info->restart_cnt,
        .submit_s = info->submit_time,
        .start_s = info->start_time,
    };
}

/* Sets what is asked about this id; of a job that several clusters have, all. */
static void take_id(struct slurm_jobs *jobs, uint32_t id, enum slurm_part part, uint32_t number,
                    const slurm_job_info_t *info)
{
    const struct slurm_jobs_one probe = {.job = {.id = id, .part = part, .number = number}};
    struct slurm_jobs_one *one =
        bsearch(&probe, jobs->ones, jobs->count, sizeof *jobs->ones, compare);

    if (one == NULL)
        return;
    while (one > jobs->ones && compare(one - 1, &probe) == 0)
        one--;
    for (; one < jobs->ones + jobs->count && compare(one, &probe) == 0; one++) {
        if (one->asked)
            set_standing(one, info);
    }
}

/* Tasks that have never started share one record, which lists them. */
static void take_task_list(struct slurm_jobs *jobs, const slurm_job_info_t *info)
{
    for (size_t i = 0; i < jobs->count; i++) {
        struct slurm_jobs_one *one = &jobs->ones[i];

        if (one->asked && one->job.part == SLURM_PART_TASK && one->job.id == info->array_job_id &&
            one->standing.phase == JOB_PHASE_FORGOTTEN &&
            slurm_id_list_has(info->array_task_str, one->job.number))
            set_standing(one, info);
    }
}

static void take_records(struct slurm_jobs *jobs, const job_info_msg_t *message)
{
    for (uint32_t i = 0; i < message->record_count; i++) {
        const slurm_job_info_t *info = &message->job_array[i];

        take_id(jobs, info->job_id, SLURM_PART_NONE, 0, info);
        if (info->array_job_id != 0 && info->array_task_id != NO_VAL)
            take_id(jobs, info->array_job_id, SLURM_PART_TASK, info->array_task_id, info);
        if (info->het_job_id != 0 && info->het_job_id != NO_VAL)
            take_id(jobs, info->het_job_id, SLURM_PART_COMPONENT, info->het_job_offset, info);
    }
    for (uint32_t i = 0; i < message->record_count; i++) {
        if (message->job_array[i].array_task_str != NULL)
            take_task_list(jobs, &message->job_array[i]);
    }
}

static int ask_about_all(struct slurm_jobs *jobs)
{
    job_info_msg_t *message = NULL;

    if (slurm_load_jobs(0, &message, SHOW_ALL | SHOW_LOCAL) != 0)
        return fail("cannot ask for all jobs");
    take_records(jobs, message);
    slurm_free_job_info_msg(message);
    return 0;
}

/* The answer has the tasks of an array, and the components of a heterogeneous job. */
static int ask_about_one(struct slurm_jobs *jobs, uint32_t id)
{
    job_info_msg_t *message = NULL;

    if (compat_load_job(&message, id, SHOW_ALL | SHOW_LOCAL) != 0)
        return errno == ESLURM_INVALID_JOB_ID ? 0 : fail("cannot ask for a job");
    take_records(jobs, message);
    slurm_free_job_info_msg(message);
    return 0;
}

/* Calls back for each id that is asked about, once. */
static size_t for_each_id(struct slurm_jobs *jobs, int (*ask)(struct slurm_jobs *, uint32_t),
                          int *result)
{
    uint32_t last = 0;
    size_t count = 0;

    for (size_t i = 0; i < jobs->count && *result == 0; i++) {
        const struct slurm_jobs_one *one = &jobs->ones[i];

        if (!one->asked || one->job.id == last)
            continue;
        last = one->job.id;
        count++;
        if (ask != NULL)
            *result = ask(jobs, last);
    }
    return count;
}

static int ask_slurm(void *context)
{
    struct slurm_jobs *jobs = context;
    int result = ask_configuration(jobs);

    if (result != 0)
        return -1;
    for (size_t i = 0; i < jobs->count; i++) {
        const char *cluster = jobs->ones[i].job.cluster;

        jobs->ones[i].asked =
            cluster[0] != '\0' ? strcasecmp(cluster, jobs->cluster) == 0 : jobs->takes_bare;
    }
    if (for_each_id(jobs, NULL, &result) > MANY_JOBS)
        return ask_about_all(jobs);
    for_each_id(jobs, ask_about_one, &result);
    return result;
}

int jobs_ask(struct slurm_jobs *jobs, int64_t deadline_ms, char error[CHILD_ERROR_SIZE])
{
    qsort(jobs->ones, jobs->count, sizeof *jobs->ones, compare);
    return slurm_call(ask_slurm, jobs, deadline_ms, error);
}
