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
    const struct lock_want_name *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return (left->order > right->order) - (left->order < right->order);
}

static int compare_by_order(const void *a, const void *b)
{
    const struct lock_want_name *left = a, *right = b;

    return (left->order > right->order) - (left->order < right->order);
}

/* Drops names that stand twice in their group.  Returns one that stands in two groups, or NULL. */
static const char *remove_duplicates(struct lock_want *want)
{
    size_t kept = 0;

    if (want->name_count < 2)
        return NULL;
    qsort(want->names, want->name_count, sizeof *want->names, compare_by_name);
    for (size_t i = 0; i < want->name_count; i++) {
        const struct lock_want_name *next = &want->names[i];
        const struct lock_want_name *last = kept > 0 ? &want->names[kept - 1] : NULL;

        if (last != NULL && strcmp(last->name, next->name) == 0) {
            if (last->group != next->group)
                return next->name;
            continue;
        }
        want->names[kept++] = *next;
    }
    want->name_count = kept;
    qsort(want->names, kept, sizeof *want->names, compare_by_order);
    return NULL;
}

static bool counts_are_possible(const struct lock_want *want)
{
    size_t at = 0;

    for (size_t g = 0; g < want->ask->group_count; g++) {
        size_t names = 0;

        for (; at < want->name_count && want->names[at].group == g; at++)
            names++;
        if (want->ask->groups[g].count < 1 || want->ask->groups[g].count > names)
            return false;
    }
    return want->ask->group_count > 0;
}

enum lock_outcome lock_want_init(struct lock_want *want, const struct lock_ask *ask,
                                 const char **culprit)
{
    size_t total = 0;

    for (size_t g = 0; g < ask->group_count; g++)
        total += ask->groups[g].name_count;
    want->ask = ask;
    want->name_count = 0;
    want->names = total <= LOCK_WANT_FEW ? want->few : calloc(total, sizeof *want->names);
    if (want->names == NULL)
        return LOCK_OUTCOME_NO_MEMORY;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        for (size_t i = 0; i < ask->groups[g].name_count; i++) {
            want->names[want->name_count] = (struct lock_want_name){
                .name = ask->groups[g].names[i],
                .group = g,
                .order = (uint32_t)want->name_count,
            };
            want->name_count++;
        }
    }
    *culprit = remove_duplicates(want);
    if (*culprit == NULL && counts_are_possible(want))
        return LOCK_OUTCOME_GRANTED;
    lock_want_fini(want);
    return *culprit != NULL ? LOCK_OUTCOME_OVERLAP : LOCK_OUTCOME_BAD_COUNT;
}

void lock_want_fini(struct lock_want *want)
{
    if (want->names != want->few)
        free(want->names);
    want->names = NULL;
}

void lock_want_find_locks(struct lock_want *want, const struct lock_table *table)
{
    for (size_t i = 0; i < want->name_count; i++)
        want->names[i].lock = lock_find(table, want->names[i].name);
}

int lock_request_adopt(struct lock_request *request, const struct lock_ask *ask)
{
    struct lock_claimant *process = lock_claimant_create(request, ask);

    if (process == NULL)
        return -1;
    lock_claimant_destroy(request->process);
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

struct lock_request *lock_request_create(const struct lock_want *want)
{
    const struct lock_ask *ask = want->ask;
    struct lock_request *request = allocate(want->name_count, ask->group_count, ask->owner);

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
    for (size_t i = 0; i < want->name_count; i++)
        request->seats[i] = (struct lock_seat){.request = request, .group = want->names[i].group};
    return request;
}

void lock_request_destroy(struct lock_request *request)
{
    lock_claimant_destroy(request->process);
    free(request);
}
