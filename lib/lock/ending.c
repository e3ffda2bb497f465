/* The end of all that a process or a job has, in slices.
 * Must not end what its caller's judge does not allow, nor allocate. */
#include "ending.h"

#include <string.h>

#include "grant.h"

/* One slice. */
struct slice {
    struct lock_table *table;
    struct lock_ending *ending;
    const struct lock_judge *judge;
    size_t most;
    int64_t now_ms;
};

void lock_ending_init_process(struct lock_ending *ending, const struct lock_table *table,
                              const char *host, uint64_t pid)
{
    *ending = (struct lock_ending){.host = host,
                                   .pid = pid,
                                   .last_ticket = table->next_ticket - 1,
                                   /* A process that is not known cannot be known to have ended. */
                                   .step = pid != 0 ? LOCK_ENDING_MARKS : LOCK_ENDING_OVER};
}

void lock_ending_init_job(struct lock_ending *ending, const struct lock_table *table,
                          const char *job)
{
    *ending = (struct lock_ending){.job = job, .last_ticket = table->next_ticket - 1};
}

static struct lock_request *next_of_job(const struct lock_table *table,
                                        const struct lock_claimant *probe,
                                        const struct lock_request *last)
{
    const struct tree_node *node = last != NULL ? tree_next(&table->jobs, &last->process->job_node)
                                                : tree_at_least(&table->jobs, &probe->job_node);
    const struct lock_claimant *process =
        node != NULL ? tree_entry(node, struct lock_claimant, job_node) : NULL;

    return process != NULL && strcmp(process->job, probe->job) == 0 ? process->request : NULL;
}

/* The first behind the probe with NULL, then the one behind `last`; NULL at the end. */
static struct lock_request *next_of(const struct slice *slice, const struct lock_claimant *probe,
                                    const struct lock_request *last)
{
    return probe->job != NULL ? next_of_job(slice->table, probe, last)
                              : lock_request_next_of_process(slice->table, probe, last);
}

static bool is_meant(const struct slice *slice, const struct lock_request *request)
{
    const struct lock_ending *ending = slice->ending;
    const struct lock_judge *judge = slice->judge;

    return request->ticket <= ending->last_ticket && (ending->job != NULL || request->autounlock) &&
           (judge == NULL || judge->allows(judge, request));
}

static void end(const struct slice *slice, struct lock_request *request)
{
    struct lock_ending *ending = slice->ending;
    size_t locks = request->state == LOCK_HELD ? request->held_count : 1;

    ending->looked += LOCK_ENDING_LOOKS_AN_END * locks;
    ending->ended++;
    lock_table_end(slice->table, request,
                   ending->job != NULL ? LOCK_REASON_JOB_END : LOCK_REASON_DEAD, slice->now_ms);
}

static void take(const struct slice *slice, struct lock_request *request)
{
    struct lock_ending *ending = slice->ending;

    ending->looked++;
    switch (ending->step) {
    case LOCK_ENDING_MARKS:
        if (!is_meant(slice, request))
            return;
        ending->meant++;
        if (request->state == LOCK_WAITING)
            request->present = false;
        break;
    case LOCK_ENDING_WAITS:
        if (request->state == LOCK_WAITING && is_meant(slice, request))
            end(slice, request);
        break;
    case LOCK_ENDING_GRANTS:
        if (request->state == LOCK_HELD && is_meant(slice, request))
            end(slice, request);
        break;
    case LOCK_ENDING_OVER:
        break;
    }
}

/* Returns whether the step is done. */
static bool take_some(const struct slice *slice)
{
    struct lock_ending *ending = slice->ending;
    struct lock_request first = {.ticket = ending->next_ticket};
    const struct lock_claimant probe = {.host = ending->host,
                                        .job = ending->job,
                                        .pid = ending->pid,
                                        .start = ending->next_start,
                                        .request = &first};
    struct lock_request *next = next_of(slice, &probe, NULL);

    while (next != NULL && ending->looked < slice->most) {
        struct lock_request *request = next;

        /* To end a request ends no other. */
        next = next_of(slice, &probe, request);
        ending->next_start = request->process->start;
        ending->next_ticket = request->ticket + 1;
        take(slice, request);
    }
    return next == NULL;
}

/* Returns whether this was the last. */
static bool next_step(struct lock_ending *ending)
{
    ending->next_start = ending->next_ticket = 0;
    ending->step = ending->meant > 0 ? ending->step + 1 : LOCK_ENDING_OVER;
    return ending->step == LOCK_ENDING_OVER;
}

bool lock_table_end_some(struct lock_table *table, struct lock_ending *ending,
                         const struct lock_judge *judge, size_t most, int64_t now_ms)
{
    const struct slice slice = {table, ending, judge, most > 0 ? most : 1, now_ms};
    bool is_over = ending->step == LOCK_ENDING_OVER;

    ending->looked = 0;
    while (!is_over && take_some(&slice))
        is_over = next_step(ending);
    return is_over;
}

void lock_table_leave_ending(struct lock_table *table, struct lock_ending *ending,
                             const struct lock_judge *judge, int64_t now_ms)
{
    const struct slice slice = {table, ending, judge, SIZE_MAX, now_ms};

    ending->looked = 0;
    while (ending->meant > 0 && ending->step < LOCK_ENDING_GRANTS && take_some(&slice))
        next_step(ending);
    ending->step = LOCK_ENDING_OVER;
}
