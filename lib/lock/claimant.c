/* What requests of the lock table say of their owner's process and job, if anything.
 * Must not judge whether any of it is true. */
#include "claimant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Never written to, as it is in no index: all requests that say nothing share it. */
static struct lock_claimant unknown;

/* The bytes of an optional string. */
static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* Copies an optional string to *end, and moves that behind it. */
static const char *put_text(char **end, const char *text, size_t size)
{
    char *copy = *end;

    if (text == NULL)
        return NULL;
    memcpy(copy, text, size);
    *end += size;
    return copy;
}

struct lock_claimant *lock_claimant_create(struct lock_request *request, const struct lock_ask *ask)
{
    size_t host_size = text_size(ask->host), boot_size = text_size(ask->boot),
           job_size = text_size(ask->job);
    struct lock_claimant *process;
    char *end;

    if (host_size + boot_size + job_size == 0 && (ask->pid | ask->start | ask->pid_namespace) == 0)
        return &unknown;
    process = malloc(sizeof *process + host_size + boot_size + job_size);
    if (process == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    end = process->text;
    process->host = put_text(&end, ask->host, host_size);
    process->boot = put_text(&end, ask->boot, boot_size);
    process->job = put_text(&end, ask->job, job_size);
    process->pid = ask->pid;
    process->start = ask->start;
    process->pid_namespace = ask->pid_namespace;
    process->request = request;
    return process;
}

void lock_claimant_destroy(struct lock_claimant *process)
{
    if (process != &unknown)
        free(process);
}

int lock_claimant_compare(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_claimant *left = tree_entry(a, const struct lock_claimant, process_node);
    const struct lock_claimant *right = tree_entry(b, const struct lock_claimant, process_node);
    int order = lock_compare_numbers(left->pid, right->pid);

    if (order == 0)
        order = strcmp(left->host, right->host);
    return order != 0 ? order : lock_compare_numbers(left->request->ticket, right->request->ticket);
}

int lock_claimant_compare_jobs(const struct tree_node *a, const struct tree_node *b)
{
    const struct lock_claimant *left = tree_entry(a, const struct lock_claimant, job_node);
    const struct lock_claimant *right = tree_entry(b, const struct lock_claimant, job_node);
    int order = strcmp(left->job, right->job);

    return order != 0 ? order : lock_compare_numbers(left->request->ticket, right->request->ticket);
}
