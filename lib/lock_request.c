/* Requests of the lock table: checking demands, memory.
 * Must not change the state of any lock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lock_table_private.h"

static int compare_by_name(const void *a, const void *b)
{
    const struct demand_name *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return (left->order > right->order) - (left->order < right->order);
}

static int compare_by_order(const void *a, const void *b)
{
    const struct demand_name *left = a, *right = b;

    return (left->order > right->order) - (left->order < right->order);
}

/* Drops names that stand twice in their group.  Returns one that stands in two groups, or NULL. */
static const char *remove_duplicates(struct demand *demand)
{
    size_t kept = 0;

    if (demand->name_count < 2)
        return NULL;
    qsort(demand->names, demand->name_count, sizeof *demand->names, compare_by_name);
    for (size_t i = 0; i < demand->name_count; i++) {
        const struct demand_name *next = &demand->names[i];
        const struct demand_name *last = kept > 0 ? &demand->names[kept - 1] : NULL;

        if (last != NULL && strcmp(last->name, next->name) == 0) {
            if (last->group != next->group)
                return next->name;
            continue;
        }
        demand->names[kept++] = *next;
    }
    demand->name_count = kept;
    qsort(demand->names, kept, sizeof *demand->names, compare_by_order);
    return NULL;
}

static bool counts_are_possible(const struct demand *demand)
{
    size_t at = 0;

    for (size_t g = 0; g < demand->ask->group_count; g++) {
        size_t names = 0;

        for (; at < demand->name_count && demand->names[at].group == g; at++)
            names++;
        if (demand->ask->groups[g].count < 1 || demand->ask->groups[g].count > names)
            return false;
    }
    return demand->ask->group_count > 0;
}

enum lock_outcome demand_init(struct demand *demand, const struct lock_ask *ask,
                              const char **culprit)
{
    size_t total = 0;

    for (size_t g = 0; g < ask->group_count; g++)
        total += ask->groups[g].name_count;
    *demand = (struct demand){.ask = ask};
    demand->names = calloc(total > 0 ? total : 1, sizeof *demand->names);
    if (demand->names == NULL)
        return LOCK_OUTCOME_NO_MEMORY;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; i < ask->groups[g].name_count; i++) {
            demand->names[demand->name_count] = (struct demand_name){
                .name = ask->groups[g].names[i],
                .group = g,
                .order = (uint32_t)demand->name_count,
            };
            demand->name_count++;
        }
    }
    *culprit = remove_duplicates(demand);
    if (*culprit == NULL && counts_are_possible(demand))
        return LOCK_OUTCOME_GRANTED;
    demand_fini(demand);
    return *culprit != NULL ? LOCK_OUTCOME_OVERLAP : LOCK_OUTCOME_BAD_COUNT;
}

void demand_fini(struct demand *demand)
{
    free(demand->names);
    demand->names = NULL;
}

/* An optional string: NULL stays NULL, and is no failure. */
static int copy_optional(char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return *copy == NULL && text != NULL ? -1 : 0;
}

int lock_request_adopt(struct lock_request *request, const struct lock_ask *ask)
{
    char *host, *boot = NULL, *job = NULL;

    if (copy_optional(&host, ask->host) != 0 || copy_optional(&boot, ask->boot) != 0 ||
        copy_optional(&job, ask->job) != 0) {
        free(host);
        free(boot);
        errno = ENOMEM;
        return -1;
    }
    free(request->host);
    free(request->boot);
    free(request->job);
    request->host = host;
    request->boot = boot;
    request->job = job;
    request->pid = ask->pid;
    request->start = ask->start;
    request->pid_namespace = ask->pid_namespace;
    request->autounlock = ask->autounlock;
    request->hold_ms = ask->hold_ms;
    return 0;
}

struct lock_request *lock_request_create(const struct demand *demand)
{
    const struct lock_ask *ask = demand->ask;
    struct lock_request *request = calloc(1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->owner = strdup(ask->owner);
    request->groups = calloc(ask->group_count, sizeof *request->groups);
    request->seats = calloc(demand->name_count, sizeof *request->seats);
    if (request->owner == NULL || request->groups == NULL || request->seats == NULL ||
        lock_request_adopt(request, ask) != 0) {
        lock_request_destroy(request);
        errno = ENOMEM;
        return NULL;
    }
    request->state = LOCK_WAITING;
    request->present = true;
    request->deadline_ms = INT64_MAX;
    request->group_count = ask->group_count;
    for (size_t g = 0; g < ask->group_count; g++)
        request->groups[g].needed = ask->groups[g].count;
    request->seat_count = demand->name_count;
    for (size_t i = 0; i < demand->name_count; i++) {
        request->seats[i].request = request;
        request->seats[i].group = demand->names[i].group;
    }
    return request;
}

void lock_request_destroy(struct lock_request *request)
{
    free(request->owner);
    free(request->host);
    free(request->boot);
    free(request->job);
    free(request->groups);
    free(request->seats);
    free(request);
}
