/* What requests of the lock table say of their owner's process and job, if anything.
 * Must not judge whether any of it is true. */
#include "claimant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool_person.h"

struct lock_claimant lock_claimant_unknown;

/* The bytes of an optional string. */
static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* Copies an optional string to *end, and moves that behind it. */
static const char *put_text(char **end, const char *text)
{
    char *copy = *end;

    if (text == NULL)
        return NULL;
    *end = stpcpy(copy, text) + 1;
    return copy;
}

/* Returns -1 when there is no memory. */
static inline int find_person(struct pool_set *set, struct lock_claimant *process,
                              const struct lock_ask *ask)
{
    process->person = NULL;
    if (set == NULL || ask->user == NULL)
        return 0;
    process->person = pool_person_get(set, ask->user, ask->memberships, ask->membership_count);
    return process->person != NULL ? 0 : -1;
}

/* The bytes of all texts. */
static size_t texts_size(const struct lock_ask *ask)
{
    return text_size(ask->host) + text_size(ask->boot) + text_size(ask->job) +
           text_size(ask->user) + text_size(ask->project);
}

struct lock_claimant *lock_claimant_create(struct pool_set *set, struct lock_request *request,
                                           const struct lock_ask *ask)
{
    struct lock_claimant *process;
    char *end;

    if (lock_claimant_is_unknown(ask))
        return &lock_claimant_unknown;
    process = malloc(sizeof *process + texts_size(ask));
    if (process == NULL || find_person(set, process, ask) != 0) {
        free(process);
        errno = ENOMEM;
        return NULL;
    }
    end = process->text;
    process->host = put_text(&end, ask->host);
    process->boot = put_text(&end, ask->boot);
    process->job = put_text(&end, ask->job);
    process->user = put_text(&end, ask->user);
    process->project = put_text(&end, ask->project);
    process->priority = ask->priority;
    /* 68 years are as good as more, and it has a bit less. */
    process->lost_after_s = ask->lost_after_s < INT32_MAX ? ask->lost_after_s : INT32_MAX;
    process->pid = ask->pid;
    process->start = ask->start;
    process->pid_namespace = ask->pid_namespace;
    process->is_found = ask->is_found;
    process->request = request;
    return process;
}

void lock_claimant_destroy(struct lock_claimant *process)
{
    if (process == &lock_claimant_unknown || process == NULL)
        return;
    if (process->person != NULL)
        pool_person_put(process->person);
    free(process);
}

int lock_claimant_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_claimant *left = tree_entry(a, const struct lock_claimant, process_node);
    const struct lock_claimant *right = tree_entry(b, const struct lock_claimant, process_node);
    int order = lock_compare_numbers(left->pid, right->pid);

    if (order == 0)
        order = strcmp(left->host, right->host);
    if (order == 0)
        order = lock_compare_numbers(left->start, right->start);
    return order != 0 ? order : lock_compare_numbers(left->request->ticket, right->request->ticket);
}

int lock_claimant_compare_jobs(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_claimant *left = tree_entry(a, const struct lock_claimant, job_node);
    const struct lock_claimant *right = tree_entry(b, const struct lock_claimant, job_node);
    int order = strcmp(left->job, right->job);

    return order != 0 ? order : lock_compare_numbers(left->request->ticket, right->request->ticket);
}
