/* One look at the jobs that hold or wait for locks.
 * Must not release anything of a job that Slurm has not said to be over. */
#include "reap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "jobs.h"

struct round {
    const struct reap_settings *settings;
    reap_loss_fn *on_loss;
    void *context;
    char *error; /* of REAP_ERROR_SIZE bytes */
    bool exact;  /* see reap_job() */
    bool alike;  /* see reap_find_alike() */
    struct job_claims claims;
    const struct job_claim **sorted; /* those of Slurm's jobs, by job */
    size_t count;
    const struct job_claim **lost; /* of the job that is looked at */
};

static enum reap_result no_memory(struct round *round)
{
    snprintf(round->error, REAP_ERROR_SIZE, "%s", error_text(ENOMEM));
    return REAP_FAILED;
}

static enum reap_result no_lockerd(struct round *round)
{
    snprintf(round->error, REAP_ERROR_SIZE, "%s", ipclocker_error(round->settings->lock));
    return REAP_NO_LOCKERD;
}

static int compare_claims(const void *a, const void *b)
{
    const struct job_claim *const *left = a, *const *right = b;

    return strcmp((*left)->job, (*right)->job);
}

/* Whether a job is one that we may be asked about. */
static bool is_wanted(const struct reap_settings *settings, const char *text, struct slurm_job *job)
{
    if (!slurm_id_is_ours(text) || !slurm_id_parse(text, job))
        return false;
    if (job->cluster[0] == '\0')
        return settings->takes_bare;
    return settings->cluster == NULL || strcasecmp(settings->cluster, job->cluster) == 0;
}

static bool is_named(const struct round *round, const char *text, const struct slurm_job *wanted)
{
    struct slurm_job job;

    if (!slurm_id_is_ours(text) || !slurm_id_parse(text, &job))
        return false;
    if (round->alike)
        return job.id == wanted->id || job.own == wanted->id;
    return slurm_id_is_meant(wanted, &job) && (!round->exact || job.own == wanted->own);
}

/* Fetches the list and sorts what carries a job that is wanted: the one that is meant by `only`,
 * or, if that is NULL, any that is_wanted(). */
static enum reap_result list_claims(struct round *round, const struct slurm_job *only)
{
    char *json = ipclocker_lock_list_json(round->settings->lock);
    struct slurm_job job;

    if (json == NULL)
        return no_lockerd(round);
    if (job_claims_parse(&round->claims, json) != 0) {
        free(json);
        if (errno == ENOMEM)
            return no_memory(round);
        snprintf(round->error, REAP_ERROR_SIZE,
                 "the lock server tells of no jobs: it is a classic one, or of another version");
        return REAP_NO_LOCKERD;
    }
    free(json);
    round->sorted = calloc(2 * round->claims.count + 1, sizeof(const struct job_claim *));
    if (round->sorted == NULL)
        return no_memory(round);
    for (size_t i = 0; i < round->claims.count; i++) {
        const struct job_claim *claim = &round->claims.claims[i];

        if (claim->job != NULL && (only != NULL ? is_named(round, claim->job, only)
                                                : is_wanted(round->settings, claim->job, &job)))
            round->sorted[round->count++] = claim;
    }
    qsort(round->sorted, round->count, sizeof(const struct job_claim *), compare_claims);
    round->lost = round->sorted + round->claims.count;
    return REAP_DONE;
}

static void round_fini(struct round *round)
{
    free(round->sorted);
    job_claims_fini(&round->claims);
}

/* The end of the claims of the job whose first claim this is. */
static size_t end_of_job(const struct round *round, size_t first)
{
    size_t i = first;

    while (i < round->count && strcmp(round->sorted[i]->job, round->sorted[first]->job) == 0)
        i++;
    return i;
}

/* Releases what a job last asked for before a time, if the list shows anything like that. */
static enum reap_result release(struct round *round, size_t first, int64_t bound_ms,
                                const char *state)
{
    struct reap_loss loss = {
        .job = round->sorted[first]->job, .state = state, .claims = round->lost};

    for (size_t i = first; i < end_of_job(round, first); i++) {
        if (round->sorted[i]->since_ms < bound_ms)
            round->lost[loss.claim_count++] = round->sorted[i];
    }
    if (loss.claim_count == 0)
        return REAP_DONE;
    if (!round->settings->dry_run) {
        loss.ended = ipclocker_dead_job_before(round->settings->lock, loss.job, bound_ms);
        if (loss.ended < 0)
            return no_lockerd(round);
        if (loss.ended == 0)
            return REAP_DONE;
    }
    round->on_loss(round->context, &loss);
    return REAP_DONE;
}

static const char *describe(const struct slurm_jobs_one *one)
{
    if (one->standing.phase == JOB_PHASE_WAITING)
        return "queued again";
    return one->standing.phase == JOB_PHASE_LIVE ? "started anew" : jobs_state(one);
}

/* Of what could not be judged, the first thing that the administrator can change. */
static enum reap_result tell_left_alone(struct round *round, size_t hidden, size_t strange)
{
    char release[JOBS_RELEASE_SIZE];

    if (hidden == 0 && strange == 0)
        return REAP_DONE;
    jobs_release(release);
    if (hidden > 0)
        snprintf(round->error, REAP_ERROR_SIZE,
                 "slurmctld: PrivateData may hide %zu of the jobs from this user; they are left "
                 "alone; run lockreap as root or SlurmUser",
                 hidden);
    else
        snprintf(round->error, REAP_ERROR_SIZE,
                 "slurmctld: %zu of the jobs are in a state that this lockreap, built with Slurm "
                 "%s, does not know; they are left alone; build it with the release that runs",
                 strange, release);
    return REAP_NO_SLURM;
}

static enum reap_result judge(struct round *round, const struct slurm_jobs *jobs)
{
    const struct reap_terms terms = {
        .listed_ms = round->claims.listed_ms,
        .skew_ms = round->settings->skew_ms,
        .min_job_age_ms = jobs->min_job_age_ms,
    };
    enum reap_result result = REAP_DONE;
    size_t hidden = 0, strange = 0;

    for (size_t i = 0; i < jobs->count && result == REAP_DONE; i++) {
        const struct slurm_jobs_one *one = &jobs->ones[i];

        if (!one->asked)
            continue;
        strange += one->strange;
        if (jobs->hides_jobs && one->standing.phase == JOB_PHASE_FORGOTTEN)
            hidden++;
        else
            result =
                release(round, one->index, rule_bound_ms(&one->standing, &terms), describe(one));
    }
    return result == REAP_DONE ? tell_left_alone(round, hidden, strange) : result;
}

static enum reap_result no_slurm(struct round *round, const char *why)
{
    bool stopped = errno == EINTR;

    snprintf(round->error, REAP_ERROR_SIZE, "slurmctld: %s; nothing was released", why);
    return stopped ? REAP_STOPPED : REAP_NO_SLURM;
}

static enum reap_result ask_slurm(struct round *round, struct slurm_jobs *jobs)
{
    const char *wanted = round->settings->cluster;
    char error[SLURM_CALL_ERROR_SIZE];

    jobs->takes_bare = round->settings->takes_bare;
    for (size_t i = 0, k = 0; i < round->count; i = end_of_job(round, i), k++) {
        struct slurm_job job = {0};

        slurm_id_parse(round->sorted[i]->job, &job);
        jobs->ones[k].job = slurm_id_to_ask(&job);
        jobs->ones[k].index = i;
    }
    if (jobs_ask(jobs, round->settings->deadline_ms, error) != 0)
        return no_slurm(round, error);
    if (wanted == NULL || strcasecmp(wanted, jobs->cluster) == 0)
        return REAP_DONE;
    snprintf(round->error, REAP_ERROR_SIZE,
             "slurmctld is that of cluster %s, not of %s: set SLURM_CONF; nothing was released",
             jobs->cluster, wanted);
    return REAP_NO_SLURM;
}

static enum reap_result ask_and_judge(struct round *round)
{
    struct slurm_jobs *jobs;
    enum reap_result result;
    size_t job_count = 0;

    for (size_t i = 0; i < round->count; i = end_of_job(round, i))
        job_count++;
    if (job_count == 0)
        return REAP_DONE;
    jobs = jobs_create(job_count);
    if (jobs == NULL)
        return no_memory(round);
    result = ask_slurm(round, jobs);
    if (result == REAP_DONE)
        result = judge(round, jobs);
    jobs_destroy(jobs);
    return result;
}

enum reap_result reap_round(const struct reap_settings *settings, reap_loss_fn *on_loss,
                            void *context, char error[REAP_ERROR_SIZE])
{
    struct round round = {
        .settings = settings, .on_loss = on_loss, .context = context, .error = error};
    enum reap_result result = list_claims(&round, NULL);

    if (result == REAP_DONE)
        result = ask_and_judge(&round);
    round_fini(&round);
    return result;
}

/* What would be released, and the own number of a task, can only be seen in the list. */
static enum reap_result release_listed(struct round *round, const struct slurm_job *job)
{
    enum reap_result result = list_claims(round, job);

    for (size_t i = 0; i < round->count && result == REAP_DONE; i = end_of_job(round, i))
        result = release(round, i, INT64_MAX, NULL);
    round_fini(round);
    return result;
}

static bool lacks_own_number(const struct slurm_job *job)
{
    return job->part == SLURM_PART_TASK && job->own == 0;
}

enum reap_result reap_job(const struct reap_settings *settings, const char *job, bool exact,
                          reap_loss_fn *on_loss, void *context, char error[REAP_ERROR_SIZE])
{
    struct round round = {
        .settings = settings, .on_loss = on_loss, .context = context, .error = error};
    struct reap_loss loss = {.job = job};
    struct slurm_job parsed;

    round.exact = exact;
    if (slurm_id_parse(job, &parsed) &&
        (settings->dry_run || (!exact && lacks_own_number(&parsed))))
        return release_listed(&round, &parsed);
    loss.ended = ipclocker_dead_job(settings->lock, job);
    if (loss.ended < 0)
        return no_lockerd(&round);
    if (loss.ended > 0)
        on_loss(context, &loss);
    return REAP_DONE;
}

/* Returns false when there is no room for it. */
static bool append_name(char names[REAP_NAMES_SIZE], const char *name)
{
    static const char more[] = ", ...";
    size_t len = strlen(names), room = REAP_NAMES_SIZE - len - sizeof more;

    if (strlen(name) + 2 <= room) {
        snprintf(names + len, room, "%s%s", len > 0 ? ", " : "", name);
        return true;
    }
    memcpy(names + len, more, sizeof more);
    return false;
}

enum reap_result reap_find_alike(const struct reap_settings *settings, const char *job,
                                 char names[REAP_NAMES_SIZE], char error[REAP_ERROR_SIZE])
{
    struct round round = {.settings = settings, .error = error, .alike = true};
    struct slurm_job wanted = {0};
    enum reap_result result;

    names[0] = '\0';
    slurm_id_parse(job, &wanted);
    result = list_claims(&round, &wanted);
    for (size_t i = 0; i < round.count && result == REAP_DONE; i = end_of_job(&round, i)) {
        if (!append_name(names, round.sorted[i]->job))
            break;
    }
    round_fini(&round);
    return result;
}
