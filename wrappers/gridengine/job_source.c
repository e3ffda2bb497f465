/* Grid Engine, as lockreap asks it about jobs: one list of all, and a second question about those
 * that are not in it.
 * Must not take silence, of the qmaster or of a host, for the end of a job. */
#include "job_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "command.h"
#include "job/gridengine_id.h"
#include "job_table.h"

enum { DENIED_AT_ONCE = 500, NUMBER_SIZE = 12 };

/* What is asked about one job, and answered. */
struct inquiry {
    struct gridengine_job job;
    bool is_listed, is_known;
    struct job_standing standing;
    char state[JOB_STATE_SIZE];
};

/* In memory that is shared with the child that asks. */
struct inquiries {
    bool has_silent_hosts;
    size_t count;
    struct inquiry one[];
};

static bool is_wanted(const char *id, const char *cluster, bool takes_bare)
{
    struct gridengine_job job;

    return gridengine_id_parse(id, &job) && cell_has(&job, cluster, takes_bare);
}

/* A parallel job, or one of a list that was cut, may have several rows: one that lives counts. */
static void take_row(struct inquiries *inquiries, const struct job_row *row)
{
    for (size_t i = 0; i < inquiries->count; i++) {
        struct inquiry *one = &inquiries->one[i];

        if (!job_table_row_has(row, one->job.id, one->job.task) ||
            (one->is_listed && one->standing.phase == JOB_PHASE_LIVE))
            continue;
        one->is_listed = one->is_known = true;
        one->standing = job_table_standing(row);
        snprintf(one->state, sizeof one->state, "%s",
                 one->standing.phase == JOB_PHASE_LIVE ? "started anew" : "queued again");
    }
}

static int read_list(struct inquiries *inquiries)
{
    static const char *const words[] = {"qstat", "-u", "*", "-xml", NULL};
    int status;
    char *text = command_read(words, false, &status);
    const char *at = text;
    struct job_row row;
    bool is_good;

    if (text == NULL)
        return -1;
    is_good = status == 0 && job_table_is_whole(text);
    while (is_good && job_table_next(&at, &row))
        take_row(inquiries, &row);
    is_good = is_good && strstr(at, "<job_list") == NULL;
    free(text);
    if (is_good)
        return 0;
    if (status == 0)
        fprintf(stderr, "qstat -xml has printed what is not understood\n");
    return -1;
}

/* Asks whether there is none of these jobs.  Returns 1 for none, 0 when there is one, -1 after a
 * line on standard error. */
static int ask_denial(struct inquiry *const *ones, size_t count)
{
    char list[DENIED_AT_ONCE * NUMBER_SIZE];
    const char *const words[] = {"qstat", "-j", list, NULL};
    size_t len = 0;
    int status, result;
    char *text;

    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u", i > 0 ? "," : "",
                                (unsigned)ones[i]->job.id);
    text = command_read(words, true, &status);
    if (text == NULL)
        return -1;
    result = status == 0 ? 0 : status == 1 && job_table_denies(text) ? 1 : -1;
    if (result < 0)
        fprintf(stderr, "%s\n", text);
    free(text);
    return result;
}

/* Of an array that is there, the list has all tasks that are not over; a whole job that has come
 * between the two questions cannot be judged now. */
static void take_denial(struct inquiry *one, bool is_denied)
{
    one->is_known = is_denied || one->job.task != 0;
    one->standing.phase = JOB_PHASE_OVER;
    snprintf(one->state, sizeof one->state, "%s", is_denied ? "not known any more" : "over");
}

/* qstat fails where it knows none of several jobs, and not where it lacks some: halves are asked
 * until each is told. */
static int settle(struct inquiry *const *ones, size_t count)
{
    size_t half = count / 2;
    int denial;

    if (count == 0)
        return 0;
    denial = count <= DENIED_AT_ONCE ? ask_denial(ones, count) : 0;
    if (denial < 0)
        return -1;
    if (denial == 0 && count > 1)
        return settle(ones, half) != 0 ? -1 : settle(ones + half, count - half);
    for (size_t i = 0; i < count; i++)
        take_denial(ones[i], denial == 1);
    return 0;
}

static int settle_unlisted(struct inquiries *inquiries)
{
    struct inquiry **ones = calloc(inquiries->count + 1, sizeof(struct inquiry *));
    size_t count = 0;
    int result;

    if (ones == NULL)
        return -1;
    for (size_t i = 0; i < inquiries->count; i++) {
        if (!inquiries->one[i].is_listed)
            ones[count++] = &inquiries->one[i];
    }
    result = settle(ones, count);
    free(ones);
    return result;
}

static bool was_rescheduled(const struct inquiry *one)
{
    return one->is_listed && one->standing.restarts > 0;
}

/* Which queues are on hosts that say nothing: qstat prints none where all do. */
static int look_for_silent_hosts(struct inquiries *inquiries)
{
    static const char *const words[] = {"qstat", "-f", "-qs", "u", NULL};
    bool any = false;
    char *text;
    int status;

    for (size_t i = 0; i < inquiries->count; i++)
        any |= was_rescheduled(&inquiries->one[i]);
    if (!any)
        return 0;
    text = command_read(words, false, &status);
    if (text == NULL || status != 0) {
        free(text);
        return -1;
    }
    inquiries->has_silent_hosts = text[strspn(text, " \t\r\n")] != '\0';
    free(text);
    return 0;
}

static int ask_in_child(void *context)
{
    struct inquiries *inquiries = context;

    if (read_list(inquiries) != 0 || settle_unlisted(inquiries) != 0)
        return -1;
    return look_for_silent_hosts(inquiries);
}

/* An earlier run of a job that was rescheduled may live on where its host cannot be heard. */
static void take_answers(struct job_question *question, const struct inquiries *inquiries)
{
    size_t silent = 0;

    for (size_t i = 0; i < inquiries->count; i++) {
        const struct inquiry *one = &inquiries->one[i];
        struct job_answer *answer = &question->answers[i];
        bool may_live = inquiries->has_silent_hosts && was_rescheduled(one);

        silent += may_live;
        answer->is_known = one->is_known && !may_live;
        answer->standing = one->standing;
        snprintf(answer->state, sizeof answer->state, "%s", one->state);
    }
    if (silent > 0)
        snprintf(question->remark, sizeof question->remark,
                 "Grid Engine: %zu of the jobs were rescheduled while a host does not answer; what "
                 "they held before is left alone; release it with --job and --before once that "
                 "host is known to be down",
                 silent);
}

static int ask(struct job_question *question, char error[CHILD_ERROR_SIZE])
{
    size_t size = sizeof(struct inquiries) + question->count * sizeof(struct inquiry);
    struct inquiries *inquiries = child_alloc(size);
    char why[CHILD_ERROR_SIZE] = "out of memory";
    int result = -1, saved_errno;

    if (inquiries != NULL) {
        inquiries->count = question->count;
        for (size_t i = 0; i < question->count; i++)
            gridengine_id_parse(question->answers[i].id, &inquiries->one[i].job);
        result = child_call(ask_in_child, inquiries, question->deadline_ms, why);
    }
    saved_errno = errno;
    if (result == 0)
        take_answers(question, inquiries);
    else
        snprintf(error, CHILD_ERROR_SIZE, "Grid Engine: %.*s", (int)sizeof why - 20, why);
    child_free(inquiries, size);
    errno = saved_errno;
    return result;
}

const struct job_source gridengine_job_source = {
    .scheduler = "sge",
    .is_wanted = is_wanted,
    .ask = ask,
};
