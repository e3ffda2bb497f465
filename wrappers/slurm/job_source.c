/* Slurm, as lockreap asks it about jobs.
 * Must not answer for another cluster than the one that was asked. */
#include "job_source.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "jobs.h"

static bool is_wanted(const char *id, const char *cluster, bool takes_bare)
{
    struct slurm_job job;

    if (!slurm_id_is_ours(id) || !slurm_id_parse(id, &job))
        return false;
    if (job.cluster[0] == '\0')
        return takes_bare;
    return cluster == NULL || strcasecmp(cluster, job.cluster) == 0;
}

static const char *describe(const struct slurm_jobs_one *one)
{
    if (one->standing.phase == JOB_PHASE_WAITING)
        return "queued again";
    return one->standing.phase == JOB_PHASE_LIVE ? "started anew" : jobs_state(one);
}

/* Of what could not be judged, the first thing that the administrator can change. */
static void remark(struct job_question *question, size_t hidden, size_t strange)
{
    char release[JOBS_RELEASE_SIZE];

    jobs_release(release);
    if (hidden > 0)
        snprintf(question->remark, sizeof question->remark,
                 "slurmctld: PrivateData may hide %zu of the jobs from this user; they are left "
                 "alone; run "
                 "lockreap as root or SlurmUser",
                 hidden);
    else if (strange > 0)
        snprintf(question->remark, sizeof question->remark,
                 "slurmctld: %zu of the jobs are in a state that this lockreap, built with Slurm "
                 "%s, does not know; they are left alone; build it with the release that runs",
                 strange, release);
}

static void take_answers(struct job_question *question, const struct slurm_jobs *jobs)
{
    size_t hidden = 0, strange = 0;

    question->memory_ms = jobs->min_job_age_ms;
    for (size_t i = 0; i < jobs->count; i++) {
        const struct slurm_jobs_one *one = &jobs->ones[i];
        struct job_answer *answer = &question->answers[one->index];
        bool is_hidden = jobs->hides_jobs && one->standing.phase == JOB_PHASE_FORGOTTEN;

        if (!one->asked)
            continue;
        strange += one->strange;
        hidden += is_hidden;
        answer->is_known = !is_hidden;
        answer->standing = one->standing;
        snprintf(answer->state, sizeof answer->state, "%s", describe(one));
    }
    remark(question, hidden, strange);
}

static int ask_about(struct job_question *question, struct slurm_jobs *jobs,
                     char error[CHILD_ERROR_SIZE])
{
    char why[CHILD_ERROR_SIZE];

    jobs->takes_bare = question->takes_bare;
    for (size_t i = 0; i < jobs->count; i++) {
        struct slurm_job job = {0};

        slurm_id_parse(question->answers[i].id, &job);
        jobs->ones[i].job = slurm_id_to_ask(&job);
        jobs->ones[i].index = i;
    }
    if (jobs_ask(jobs, question->deadline_ms, why) != 0) {
        snprintf(error, CHILD_ERROR_SIZE, "slurmctld: %.*s", (int)sizeof why - 16, why);
        return -1;
    }
    if (question->cluster != NULL && strcasecmp(question->cluster, jobs->cluster) != 0) {
        snprintf(error, CHILD_ERROR_SIZE,
                 "slurmctld is that of cluster %s, not of %s: set SLURM_CONF", jobs->cluster,
                 question->cluster);
        errno = EPROTO;
        return -1;
    }
    take_answers(question, jobs);
    return 0;
}

static int ask(struct job_question *question, char error[CHILD_ERROR_SIZE])
{
    struct slurm_jobs *jobs = jobs_create(question->count);
    int result;

    if (jobs == NULL) {
        snprintf(error, CHILD_ERROR_SIZE, "out of memory");
        errno = ENOMEM;
        return -1;
    }
    result = ask_about(question, jobs, error);
    jobs_destroy(jobs);
    return result;
}

const struct job_source slurm_job_source = {
    .scheduler = "slurm",
    .is_wanted = is_wanted,
    .ask = ask,
};
