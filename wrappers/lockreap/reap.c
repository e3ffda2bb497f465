/* One look at the jobs that hold or wait for locks.
 * Must not release anything of a job that nobody has said to be over. */
#include "reap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "base/host_name.h"
#include "job/slurm_id.h"
#include "rule.h"

struct round {
    const struct reap_settings *settings;
    reap_loss_fn *on_loss;
    void *context;
    char *error; /* of REAP_ERROR_SIZE bytes */
    bool exact;  /* see reap_job() */
    bool alike;  /* see reap_find_alike() */
    struct job_claims claims;
    const struct job_claim **sorted; /* those of jobs that are looked at, by job */
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

static enum reap_result not_ended(struct round *round, const char *job)
{
    if (errno != EPERM)
        return no_lockerd(round);
    snprintf(round->error, REAP_ERROR_SIZE,
             "%s: not released: another user's; name this user in lockerd's --reaper", job);
    return REAP_DENIED;
}

static int compare_claims(const void *a, const void *b)
{
    const struct job_claim *const *left = a, *const *right = b;

    return strcmp((*left)->job, (*right)->job);
}

/* "5" of "sge:5.3@lab", for a search. */
static void number_of(const char *id, char number[JOB_ID_SIZE])
{
    const char *colon = strchr(id, ':');
    size_t scheduler_len = colon != NULL ? (size_t)(colon + 1 - id) : 0;
    size_t len = scheduler_len + strspn(id + scheduler_len, "0123456789");

    snprintf(number, JOB_ID_SIZE, "%.*s", (int)len, id);
}

/* A task of an array of Slurm's can be named without the number that it has of its own. */
static bool is_slurm_job(const struct round *round, const char *text, const char *wanted)
{
    struct slurm_job job, meant;

    return slurm_id_is_ours(text) && slurm_id_parse(text, &job) && slurm_id_parse(wanted, &meant) &&
           slurm_id_is_meant(&meant, &job) && (!round->exact || job.own == meant.own);
}

static bool is_named(const struct round *round, const char *text, const char *wanted)
{
    char number[JOB_ID_SIZE];

    if (!round->alike)
        return strcmp(text, wanted) == 0 || is_slurm_job(round, text, wanted);
    number_of(wanted, number);
    return job_id_covers(number, text);
}

static bool is_wanted(const struct round *round, const char *text, const char *only)
{
    const struct reap_settings *settings = round->settings;

    if (only != NULL)
        return is_named(round, text, only);
    return settings->source->is_wanted(text, settings->cluster, settings->takes_bare);
}

/* Fetches the list and sorts what carries a job that is wanted: the one that is meant by `only`,
 * or, if that is NULL, any that is_wanted(). */
static enum reap_result list_claims(struct round *round, const char *only)
{
    char *json = ipclocker_lock_list_json(round->settings->lock);

    if (json == NULL)
        return no_lockerd(round);
    if (job_claims_parse(&round->claims, json) != 0) {
        free(json);
        if (errno == ENOMEM)
            return no_memory(round);
        snprintf(round->error, REAP_ERROR_SIZE, "%s", job_claims_error(errno));
        return REAP_NO_LOCKERD;
    }
    free(json);
    round->sorted = calloc(2 * round->claims.count + 1, sizeof(const struct job_claim *));
    if (round->sorted == NULL)
        return no_memory(round);
    for (size_t i = 0; i < round->claims.count; i++) {
        const struct job_claim *claim = &round->claims.claims[i];

        if (claim->job != NULL && is_wanted(round, claim->job, only))
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

static bool is_of_hosts(const struct reap_settings *settings, const struct job_claim *claim)
{
    return settings->host_count == 0 ||
           host_name_is_among(settings->hosts, settings->host_count, claim->host);
}

static int end_job(const struct reap_settings *settings, const char *job, int64_t before_ms)
{
    if (settings->host_count == 0)
        return ipclocker_dead_job_before(settings->lock, job, before_ms);
    return ipclocker_dead_job_on(settings->lock, job, before_ms, settings->hosts,
                                 settings->host_count);
}

/* Behind what was released: what is left of that now is another user's, or new. */
static enum reap_result see_rest(struct round *round, const struct reap_loss *released,
                                 int64_t before_ms)
{
    const struct reap_loss rest = {.job = released->job,
                                   .state = released->state,
                                   .ended = end_job(round->settings, released->job, before_ms)};

    if (rest.ended < 0)
        return not_ended(round, rest.job);
    if (rest.ended > 0)
        round->on_loss(round->context, &rest);
    return REAP_DONE;
}

/* Releases what a job last asked for before a time, if the list shows anything like that. */
static enum reap_result release(struct round *round, size_t first, int64_t bound_ms,
                                const char *state)
{
    struct reap_loss loss = {
        .job = round->sorted[first]->job, .state = state, .claims = round->lost};

    for (size_t i = first; i < end_of_job(round, first); i++) {
        if (round->sorted[i]->since_ms < bound_ms && is_of_hosts(round->settings, round->sorted[i]))
            round->lost[loss.claim_count++] = round->sorted[i];
    }
    if (loss.claim_count == 0)
        return REAP_DONE;
    if (!round->settings->dry_run) {
        loss.ended = end_job(round->settings, loss.job, bound_ms);
        if (loss.ended < 0)
            return not_ended(round, loss.job);
        if (loss.ended == 0)
            return REAP_DONE;
    }
    round->on_loss(round->context, &loss);
    return round->settings->dry_run ? REAP_DONE : see_rest(round, &loss, bound_ms);
}

/* What may not be released of one job keeps no other from it. */
static bool goes_on(enum reap_result *result, enum reap_result of_job)
{
    if (of_job != REAP_DONE)
        *result = of_job;
    return *result == REAP_DONE || *result == REAP_DENIED;
}

static enum reap_result judge(struct round *round, const struct job_question *question)
{
    const struct reap_terms terms = {
        .listed_ms = round->claims.listed_ms,
        .skew_ms = round->settings->skew_ms,
        .memory_ms = question->memory_ms,
    };
    enum reap_result result = REAP_DONE;
    const struct job_answer *answer = question->answers;

    for (size_t i = 0; i < round->count; i = end_of_job(round, i)) {
        if (answer->is_known &&
            !goes_on(&result,
                     release(round, i, rule_bound_ms(&answer->standing, &terms), answer->state)))
            break;
        answer++;
    }
    if (result != REAP_DONE || question->remark[0] == '\0')
        return result;
    snprintf(round->error, REAP_ERROR_SIZE, "%s", question->remark);
    return REAP_NO_SCHEDULER;
}

static enum reap_result ask_and_judge(struct round *round)
{
    const struct reap_settings *settings = round->settings;
    struct job_question question = {
        .cluster = settings->cluster,
        .takes_bare = settings->takes_bare,
        .deadline_ms = settings->deadline_ms,
        .answers = calloc(round->count + 1, sizeof(struct job_answer)),
    };
    char error[CHILD_ERROR_SIZE];
    enum reap_result result;

    if (question.answers == NULL)
        return no_memory(round);
    for (size_t i = 0; i < round->count; i = end_of_job(round, i))
        snprintf(question.answers[question.count++].id, JOB_ID_SIZE, "%s", round->sorted[i]->job);
    if (question.count == 0) {
        result = REAP_DONE;
    } else if (settings->source->ask(&question, error) == 0) {
        result = judge(round, &question);
    } else {
        result = errno == EINTR ? REAP_STOPPED : REAP_NO_SCHEDULER;
        snprintf(round->error, REAP_ERROR_SIZE, "%s; nothing was released", error);
    }
    free(question.answers);
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
static enum reap_result release_listed(struct round *round, const char *job, int64_t before_ms)
{
    enum reap_result result = list_claims(round, job);

    for (size_t i = 0; goes_on(&result, REAP_DONE) && i < round->count; i = end_of_job(round, i))
        goes_on(&result, release(round, i, before_ms, NULL));
    round_fini(round);
    return result;
}

static bool lacks_own_number(const char *job)
{
    struct slurm_job parsed;

    return slurm_id_parse(job, &parsed) && parsed.part == SLURM_PART_TASK && parsed.own == 0;
}

enum reap_result reap_job(const struct reap_settings *settings, const char *job, bool exact,
                          int64_t before_ms, reap_loss_fn *on_loss, void *context,
                          char error[REAP_ERROR_SIZE])
{
    struct round round = {.settings = settings,
                          .on_loss = on_loss,
                          .context = context,
                          .error = error,
                          .exact = exact};
    struct reap_loss loss = {.job = job};

    if (settings->dry_run || (!exact && lacks_own_number(job)))
        return release_listed(&round, job, before_ms);
    loss.ended = end_job(settings, job, before_ms);
    if (loss.ended < 0)
        return not_ended(&round, job);
    if (loss.ended == 0)
        return REAP_DONE;
    on_loss(context, &loss);
    return see_rest(&round, &loss, before_ms);
}

enum reap_result reap_server_time(const struct reap_settings *settings, int64_t local_ms,
                                  int64_t *server_ms, char error[REAP_ERROR_SIZE])
{
    int64_t now_ms = ipclocker_server_time(settings->lock), age_ms = clock_wall_ms() - local_ms;

    if (now_ms < 0) {
        snprintf(error, REAP_ERROR_SIZE, "%s", ipclocker_error(settings->lock));
        return REAP_NO_LOCKERD;
    }
    *server_ms = now_ms - (age_ms > 0 ? age_ms : 0);
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
    enum reap_result result;

    names[0] = '\0';
    result = list_claims(&round, job);
    for (size_t i = 0; i < round.count && result == REAP_DONE; i = end_of_job(&round, i)) {
        if (!append_name(names, round.sorted[i]->job))
            break;
    }
    round_fini(&round);
    return result;
}
