/* Requests of the lock table: checking demands, memory.
 * Must not change the state of any lock. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claimant.h"
#include "query.h"

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
    demand->ask = ask;
    demand->name_count = 0;
    demand->names = total <= DEMAND_FEW ? demand->few : calloc(total, sizeof *demand->names);
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
    if (demand->names != demand->few)
        free(demand->names);
    demand->names = NULL;
}

void demand_find_locks(struct demand *demand, const struct lock_table *table)
{
    for (size_t i = 0; i < demand->name_count; i++)
        demand->names[i].lock = lock_find(table, demand->names[i].name);
}

int lock_request_adopt(struct lock_request *request, const struct lock_ask *ask)
{
    struct lock_process *process = lock_process_create(request, ask);

    if (process == NULL)
        return -1;
    lock_process_destroy(request->process);
    request->process = process;
    request->autounlock = ask->autounlock;
    request->hold_ms = ask->hold_ms;
    return 0;
}

/* A request and all of it that keeps its size are one piece of memory. */
static struct lock_request *allocate(size_t seat_count, size_t group_count, const char *owner)
{
    size_t owner_size = strlen(owner) + 1;
    size_t seats_size = seat_count * sizeof(struct lock_seat);
    size_t groups_size = group_count * sizeof(struct lock_group_progress);
    struct lock_request *request = malloc(sizeof *request + seats_size + groups_size + owner_size);

    if (request == NULL)
        return NULL;
    *request = (struct lock_request){.seat_count = (uint32_t)seat_count,
                                     .group_count = (uint32_t)group_count};
    request->groups = (struct lock_group_progress *)(void *)(request->seats + seat_count);
    request->owner = memcpy(request->groups + group_count, owner, owner_size);
    return request;
}

struct lock_request *lock_request_create(const struct demand *demand)
{
    const struct lock_ask *ask = demand->ask;
    struct lock_request *request = allocate(demand->name_count, ask->group_count, ask->owner);

    if (request == NULL || lock_request_adopt(request, ask) != 0) {
        free(request);
        errno = ENOMEM;
        return NULL;
    }
    request->state = LOCK_WAITING;
    request->present = true;
    request->deadline_ms = INT64_MAX;
    for (size_t g = 0; g < ask->group_count; g++)
        request->groups[g] = (struct lock_group_progress){.needed = (uint32_t)ask->groups[g].count};
    for (size_t i = 0; i < demand->name_count; i++)
        request->seats[i] = (struct lock_seat){.request = request, .group = demand->names[i].group};
    return request;
}

void lock_request_destroy(struct lock_request *request)
{
    lock_process_destroy(request->process);
    free(request);
}
