/* Requests of the lock table: checking demands, memory.
 * Must not change the state of any lock. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/watched_memory.h"
#include "claimant.h"
#include "nesting_links.h"
#include "overlap.h"
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

    for (size_t g = 0; g < want->group_count; g++) {
        size_t names = 0;

        for (; at < want->name_count && want->names[at].group == g; at++)
            names++;
        if (want->groups[g].count < 1 || want->groups[g].count > names)
            return false;
    }
    return want->group_count > 0;
}

/* Most want one lock by name, of which nothing can be wrong.  Returns whether this is one. */
static inline bool take_only_name(struct lock_want *want, const struct lock_ask *ask)
{
    const struct lock_group *group = ask->groups;

    if (ask->group_count != 1 || group->name_count != 1 || group->count != 1)
        return false;
    want->ask = ask;
    want->groups = group;
    want->group_count = 1;
    want->is_spread = false;
    want->overlap = NULL;
    want->name_count = 1;
    want->names = want->few;
    want->few[0] = (struct lock_want_name){.name = group->names[0]};
    return true;
}

/* It names a lock in two groups. */
static enum lock_outcome merge_groups(struct lock_want *want, const char **culprit)
{
    enum lock_outcome outcome;

    lock_want_fini(want);
    outcome = lock_want_merge(want, culprit);
    if (outcome == LOCK_OUTCOME_GRANTED && !counts_are_possible(want))
        outcome = LOCK_OUTCOME_BAD_COUNT;
    if (outcome != LOCK_OUTCOME_GRANTED)
        lock_want_fini(want);
    return outcome;
}

enum lock_outcome lock_want_init(struct lock_want *want, const struct lock_ask *ask,
                                 const char **culprit)
{
    size_t total = 0;

    *culprit = NULL;
    if (take_only_name(want, ask))
        return LOCK_OUTCOME_GRANTED;
    for (size_t g = 0; g < ask->group_count; g++)
        total += ask->groups[g].name_count;
    want->ask = ask;
    want->groups = ask->groups;
    want->group_count = ask->group_count;
    want->is_spread = false;
    want->overlap = NULL;
    want->name_count = 0;
    want->names = total <= LOCK_WANT_FEW ? want->few : calloc(total, sizeof *want->names);
    if (want->names == NULL)
        return LOCK_OUTCOME_NO_MEMORY;
    for (uint32_t g = 0; g < ask->group_count; g++) {
        want->is_spread |= ask->groups[g].spread;
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
    if (*culprit != NULL)
        return merge_groups(want, culprit);
    if (counts_are_possible(want))
        return LOCK_OUTCOME_GRANTED;
    lock_want_fini(want);
    return LOCK_OUTCOME_BAD_COUNT;
}

bool lock_ask_shares(const struct lock_ask *ask)
{
    for (size_t g = 0; g < ask->group_count; g++) {
        if (ask->groups[g].shared)
            return true;
    }
    return false;
}

void lock_want_fini(struct lock_want *want)
{
    if (want->names != want->few) {
        free(want->names);
        free(want->overlap);
    }
    want->names = NULL;
    want->overlap = NULL;
}

bool lock_want_find_locks(struct lock_want *want, const struct lock_table *table)
{
    bool has_found = false;

    for (size_t i = 0; i < want->name_count; i++) {
        want->names[i].lock = lock_find(table, want->names[i].name);
        has_found |= want->names[i].lock != NULL;
    }
    return has_found;
}

static void take_asker(struct lock_request *request, const struct lock_asker *asker)
{
    struct lock_asker before = request->asker;

    request->asker = *asker;
    if ((asker->key[0] | asker->key[1]) == 0) {
        memcpy(request->asker.key, before.key, sizeof before.key);
        request->asker.is_fresh = before.is_fresh;
    }
    /* Whoever goes on for a user that was proven does so for that one. */
    if (asker->proof == LOCK_CLAIMED) {
        request->asker.proof = before.proof;
        request->asker.uid = before.uid;
    }
}

int lock_request_adopt(struct pool_set *set, struct lock_request *request,
                       const struct lock_ask *ask)
{
    struct lock_claimant *process = lock_claimant_create(set, request, ask);

    if (process == NULL)
        return -1;
    lock_claimant_destroy(request->process);
    request->process = process;
    request->autounlock = ask->autounlock;
    request->hold_ms = ask->hold_ms;
    take_asker(request, &ask->asker);
    return 0;
}

/* Of a request for one lock by name, with room for the owner's. */
enum {
    SMALL_OWNER_SIZE = 32,
    SMALL_SIZE = sizeof(struct lock_request) + sizeof(struct lock_seat) +
                 sizeof(struct lock_group_progress) + SMALL_OWNER_SIZE,
    SPARE_MOST = 64,
};

/* What a request is made of. */
struct shape {
    size_t seats, groups;
    size_t more_size; /* behind its groups */
};

static inline bool is_small(const struct shape *shape, size_t owner_size)
{
    return shape->seats == 1 && shape->groups == 1 && shape->more_size == 0 &&
           owner_size <= SMALL_OWNER_SIZE;
}

static void *take_small(struct lock_table *table)
{
    struct lock_spare *spare = table->spare;

    if (spare == NULL)
        return malloc(SMALL_SIZE);
    table->spare = spare->next;
    table->spare_count--;
    return spare;
}

/* A request and all of it that keeps its size are one piece of memory.  Without a table nothing
 * that is kept serves for it. */
static struct lock_request *allocate(struct lock_table *table, const struct lock_ask *ask,
                                     const struct shape *shape)
{
    size_t owner_size = strlen(ask->owner) + 1;
    size_t size = sizeof(struct lock_request) + shape->seats * sizeof(struct lock_seat) +
                  shape->groups * sizeof(struct lock_group_progress);
    bool small = table != NULL && is_small(shape, owner_size);
    struct lock_request *request =
        small ? take_small(table) : malloc(size + shape->more_size + owner_size);

    if (request == NULL)
        return NULL;
    memset(request, 0, size);
    request->state = LOCK_WAITING;
    request->autounlock = ask->autounlock;
    request->present = true;
    request->is_small = small;
    request->hold_ms = ask->hold_ms;
    request->deadline_ms = INT64_MAX;
    request->asker = ask->asker;
    request->group_count = (uint32_t)shape->groups;
    request->seat_count = (uint32_t)shape->seats;
    request->seats = request->own_seats;
    request->groups = (struct lock_group_progress *)(void *)(request->own_seats + shape->seats);
    request->owner = memcpy((char *)(request->groups + shape->groups) + shape->more_size,
                            ask->owner, owner_size);
    return request;
}

static struct lock_request *create(struct lock_table *table, struct pool_set *set,
                                   const struct lock_ask *ask, const struct shape *shape)
{
    struct lock_request *request = allocate(table, ask, shape);

    if (request != NULL && lock_claimant_is_unknown(ask))
        request->process = &lock_claimant_unknown;
    else if (request != NULL)
        request->process = lock_claimant_create(set, request, ask);
    if (request == NULL || request->process == NULL) {
        free(request);
        errno = ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < shape->seats; i++)
        request->seats[i].request = request;
    for (size_t g = 0; g < shape->groups; g++) {
        request->groups[g].needed = (uint32_t)ask->groups[g].count;
        request->groups[g].shared = ask->groups[g].shared;
        request->shares |= ask->groups[g].shared;
    }
    return request;
}

struct lock_request *lock_request_create_for(struct pool_set *set, const struct lock_ask *ask,
                                             size_t seat_count)
{
    const struct shape shape = {.seats = seat_count, .groups = ask->group_count};

    return create(NULL, set, ask, &shape);
}

static struct lock_request *create_overlapping(struct pool_set *set, const struct lock_want *want)
{
    const struct shape shape = {.seats = want->name_count,
                                .groups = want->group_count,
                                .more_size = sizeof(struct lock_overlap)};
    struct lock_ask ask = *want->ask;
    struct lock_request *request;

    ask.groups = want->groups;
    ask.group_count = want->group_count;
    request = create(NULL, set, &ask, &shape);
    if (request == NULL)
        return NULL;
    lock_overlap_init(request, want);
    return request;
}

struct lock_request *lock_request_create(struct lock_table *table, const struct lock_want *want)
{
    const struct shape shape = {.seats = want->name_count, .groups = want->group_count};
    struct lock_request *request = want->overlap != NULL
                                       ? create_overlapping(table->pools, want)
                                       : create(table, table->pools, want->ask, &shape);

    if (request == NULL)
        return NULL;
    for (size_t i = 0; i < want->name_count; i++) {
        request->seats[i].group = want->names[i].group;
        request->seats[i].is_shared = request->groups[want->names[i].group].shared;
    }
    return request;
}

static void end(struct lock_request *request)
{
    if (request->outers != NULL || request->inners != NULL)
        lock_nesting_forget(request);
    if (request->process != &lock_claimant_unknown)
        lock_claimant_destroy(request->process);
    if (request->seats != request->own_seats)
        free(request->seats);
}

void lock_request_destroy(struct lock_request *request)
{
    end(request);
    free(request);
}

void lock_request_recycle(struct lock_table *table, struct lock_request *request)
{
    struct lock_spare *spare = (void *)request;

    end(request);
    if (MEMORY_IS_WATCHED || !request->is_small || table->spare_count >= SPARE_MOST) {
        free(request);
        return;
    }
    spare->next = table->spare;
    table->spare = spare;
    table->spare_count++;
}

void lock_request_free_spare(struct lock_table *table)
{
    struct lock_spare *spare;

    while ((spare = table->spare) != NULL) {
        table->spare = spare->next;
        free(spare);
    }
    table->spare_count = 0;
}
