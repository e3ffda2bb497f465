/* Working out a report.
 * Must not read a clock, a file or a socket. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name_list.h"
#include "base/tree.h"
#include "protocol/owner_name.h"

struct pool {
    char *name;
    struct name_list names;
};

struct hold {
    int64_t from_ms, to_ms;
};

struct wait {
    uint64_t token;
    int64_t ms;
};

/* A group in the making. */
struct bucket {
    struct tree_node node; /* by name */
    char *name;
    size_t capacity;
    struct hold *holds;
    size_t hold_count, hold_room;
    struct wait *waits;
    size_t wait_count, wait_room;
    size_t refused, left;
    uint64_t last_entry; /* the last entry that was counted, for entries of several locks */
};

struct report {
    enum report_by by;
    int64_t since_ms, until_ms;
    struct pool *pools;
    size_t pool_count, pool_room;
    struct tree buckets;
    uint64_t entries;
    struct report_group *groups;
    size_t group_count;
};

static int compare_buckets(const struct tree_node *a, const struct tree_node *b)
{
    return strcmp(tree_entry(a, const struct bucket, node)->name,
                  tree_entry(b, const struct bucket, node)->name);
}

struct report *report_create(enum report_by by, int64_t since_ms, int64_t until_ms)
{
    struct report *report = calloc(1, sizeof *report);

    if (report == NULL)
        return NULL;
    report->by = by;
    report->since_ms = since_ms;
    report->until_ms = until_ms;
    report->buckets.compare = compare_buckets;
    return report;
}

static void destroy_bucket(struct bucket *bucket)
{
    free(bucket->name);
    free(bucket->holds);
    free(bucket->waits);
    free(bucket);
}

void report_destroy(struct report *report)
{
    struct tree_node *first;

    if (report == NULL)
        return;
    for (size_t i = 0; i < report->pool_count; i++) {
        free(report->pools[i].name);
        name_list_fini(&report->pools[i].names);
    }
    free(report->pools);
    while ((first = tree_first(&report->buckets)) != NULL) {
        tree_remove(&report->buckets, first);
        destroy_bucket(tree_entry(first, struct bucket, node));
    }
    for (size_t i = 0; i < report->group_count; i++)
        free(report->groups[i].name);
    free(report->groups);
    free(report);
}

int64_t report_since_ms(const struct report *report)
{
    return report->since_ms;
}

int64_t report_until_ms(const struct report *report)
{
    return report->until_ms;
}

enum report_by report_by(const struct report *report)
{
    return report->by;
}

static const char *const by_names[] = {"lock", "user", "host", "job"};

const char *report_by_name(enum report_by by)
{
    return by_names[by];
}

int report_add_pool(struct report *report, const char *pool, char *error, size_t error_size)
{
    struct pool *more =
        array_grow(report->pools, &report->pool_room, report->pool_count, sizeof *more);
    struct pool new = {0};

    if (more != NULL)
        report->pools = more;
    if (more == NULL || (new.name = strdup(pool)) == NULL) {
        snprintf(error, error_size, "out of memory");
        errno = ENOMEM;
        return -1;
    }
    if (name_list_append(&new.names, pool, error, error_size) != 0) {
        free(new.name);
        return -1;
    }
    report->pools[report->pool_count++] = new;
    return 0;
}

static struct bucket *find_or_create(struct report *report, const char *name, size_t capacity)
{
    struct bucket probe = {.name = (char *)name};
    struct tree_node *found = tree_find(&report->buckets, &probe.node);
    struct bucket *bucket;

    if (found != NULL)
        return tree_entry(found, struct bucket, node);
    bucket = calloc(1, sizeof *bucket);
    if (bucket == NULL || (bucket->name = strdup(name)) == NULL) {
        free(bucket);
        return NULL;
    }
    bucket->capacity = capacity;
    tree_insert(&report->buckets, &bucket->node);
    return bucket;
}

static int add_hold(struct bucket *bucket, const struct hold *hold)
{
    struct hold *holds =
        array_grow(bucket->holds, &bucket->hold_room, bucket->hold_count, sizeof *holds);

    if (holds == NULL)
        return -1;
    bucket->holds = holds;
    holds[bucket->hold_count++] = *hold;
    return 0;
}

static int add_wait(struct bucket *bucket, const struct store_history *entry)
{
    struct wait *waits =
        array_grow(bucket->waits, &bucket->wait_room, bucket->wait_count, sizeof *waits);

    if (waits == NULL)
        return -1;
    bucket->waits = waits;
    waits[bucket->wait_count++] =
        (struct wait){.token = entry->token, .ms = entry->granted_ms - entry->asked_ms};
    return 0;
}

static bool is_within(const struct report *report, int64_t time_ms)
{
    return time_ms >= report->since_ms && time_ms < report->until_ms;
}

static int count_hold(const struct report *report, struct bucket *bucket,
                      const struct store_history *entry)
{
    struct hold hold = {.from_ms = entry->granted_ms, .to_ms = entry->ended_ms};

    if (hold.to_ms == 0 || hold.to_ms > report->until_ms)
        hold.to_ms = report->until_ms;
    if (hold.from_ms < report->since_ms)
        hold.from_ms = report->since_ms;
    if (hold.from_ms <= hold.to_ms && hold.from_ms < report->until_ms &&
        (entry->ended_ms == 0 || entry->ended_ms >= report->since_ms) &&
        add_hold(bucket, &hold) != 0)
        return -1;
    if (entry->granted_ms > entry->asked_ms && is_within(report, entry->granted_ms))
        return add_wait(bucket, entry);
    return 0;
}

static int count_entry(const struct report *report, struct bucket *bucket,
                       const struct store_history *entry)
{
    if (bucket == NULL)
        return -1;
    if (entry->past == STORE_PAST_HOLD)
        return count_hold(report, bucket, entry);
    /* A request that named several locks of a pool was one request. */
    if (bucket->last_entry == report->entries || !is_within(report, entry->ended_ms))
        return 0;
    bucket->last_entry = report->entries;
    if (entry->past == STORE_PAST_REFUSED)
        bucket->refused++;
    else
        bucket->left++;
    return 0;
}

static const char *group_of(const struct report *report, const struct store_history *entry)
{
    const char *login;

    switch (report->by) {
    case REPORT_BY_USER:
        login = owner_name_user(entry->owner);
        return login != NULL ? login : entry->owner;
    case REPORT_BY_HOST:
        return entry->host != NULL ? entry->host : "-";
    case REPORT_BY_JOB:
        return entry->job != NULL ? entry->job : "-";
    default:
        return NULL;
    }
}

static int add_lock(struct report *report, const struct store_history *entry, const char *name)
{
    const char *group = group_of(report, entry);

    if (report->pool_count == 0)
        return count_entry(
            report, find_or_create(report, group != NULL ? group : name, group == NULL), entry);
    for (size_t i = 0; i < report->pool_count; i++) {
        const struct pool *pool = &report->pools[i];
        struct bucket *bucket;

        if (!name_list_has(pool->names.names, pool->names.count, name))
            continue;
        bucket = group != NULL ? find_or_create(report, group, 0)
                               : find_or_create(report, pool->name, pool->names.count);
        if (count_entry(report, bucket, entry) != 0)
            return -1;
        if (group != NULL)
            break;
    }
    return 0;
}

int report_add(struct report *report, const struct store_history *entry)
{
    char *names = strdup(entry->lock), *rest = names, *name;
    int result = names != NULL ? 0 : -1;

    report->entries++;
    while (result == 0 && (name = strsep(&rest, " ")) != NULL)
        result = add_lock(report, entry, name);
    free(names);
    if (result != 0)
        errno = ENOMEM;
    return result;
}

static int compare_waits_by_token(const void *a, const void *b)
{
    const struct wait *left = a, *right = b;

    return (left->token > right->token) - (left->token < right->token);
}

static int compare_waits(const void *a, const void *b)
{
    const struct wait *left = a, *right = b;

    return (left->ms > right->ms) - (left->ms < right->ms);
}

/* A grant of several locks was waited for once. */
static void work_out_waits(struct report_group *group, struct bucket *bucket)
{
    size_t kept = 0;

    if (bucket->wait_count == 0)
        return;
    qsort(bucket->waits, bucket->wait_count, sizeof *bucket->waits, compare_waits_by_token);
    for (size_t i = 0; i < bucket->wait_count; i++) {
        if (kept == 0 || bucket->waits[kept - 1].token != bucket->waits[i].token)
            bucket->waits[kept++] = bucket->waits[i];
    }
    qsort(bucket->waits, kept, sizeof *bucket->waits, compare_waits);
    group->waits = kept;
    /* The nearest rank: the smallest that so many do not exceed. */
    group->wait_median_ms = bucket->waits[(kept + 1) / 2 - 1].ms;
    group->wait_p90_ms = bucket->waits[(kept * 9 + 9) / 10 - 1].ms;
    group->wait_worst_ms = bucket->waits[kept - 1].ms;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static int work_out_peak(struct report_group *group, const struct bucket *bucket)
{
    size_t count = bucket->hold_count, begun = 0, ended = 0;
    int64_t *from = calloc(count + 1, sizeof *from), *to = calloc(count + 1, sizeof *to);

    if (from != NULL && to != NULL) {
        for (size_t i = 0; i < count; i++) {
            from[i] = bucket->holds[i].from_ms;
            to[i] = bucket->holds[i].to_ms;
        }
        qsort(from, count, sizeof *from, compare_times);
        qsort(to, count, sizeof *to, compare_times);
        /* A lock that is handed over is held once at that instant. */
        while (begun < count) {
            while (ended < begun && to[ended] <= from[begun])
                ended++;
            begun++;
            if (begun - ended > group->peak)
                group->peak = begun - ended;
        }
    }
    free(from);
    free(to);
    return from != NULL && to != NULL ? 0 : -1;
}

static void work_out_use(const struct report *report, struct report_group *group,
                         const struct bucket *bucket)
{
    double length = (double)(report->until_ms - report->since_ms);
    double slot = length / REPORT_SLOTS;

    for (size_t i = 0; i < bucket->hold_count; i++) {
        double from = (double)(bucket->holds[i].from_ms - report->since_ms);
        double to = (double)(bucket->holds[i].to_ms - report->since_ms);

        group->busy_ms += bucket->holds[i].to_ms - bucket->holds[i].from_ms;
        for (size_t s = (size_t)(from / slot); s < REPORT_SLOTS && (double)s * slot < to; s++) {
            double begin = (double)s * slot, end = begin + slot;

            group->slots[s] += ((to < end ? to : end) - (from > begin ? from : begin)) / slot;
        }
    }
    group->mean = (double)group->busy_ms / length;
}

static int compare_groups(const void *a, const void *b)
{
    const struct report_group *left = a, *right = b;

    if (left->busy_ms != right->busy_ms)
        return left->busy_ms > right->busy_ms ? -1 : 1;
    return strcmp(left->name, right->name);
}

static int finish_group(const struct report *report, struct report_group *group,
                        struct bucket *bucket)
{
    group->name = strdup(bucket->name);
    group->capacity = bucket->capacity;
    group->holds = bucket->hold_count;
    group->refused = bucket->refused;
    group->left = bucket->left;
    work_out_waits(group, bucket);
    work_out_use(report, group, bucket);
    return group->name != NULL ? work_out_peak(group, bucket) : -1;
}

const struct report_group *report_finish(struct report *report, size_t *count)
{
    size_t pools = report->by == REPORT_BY_LOCK ? report->pool_count : 0;
    struct tree_node *node;

    /* A pool that nobody used is worth knowing about. */
    for (size_t i = 0; i < pools; i++) {
        if (find_or_create(report, report->pools[i].name, report->pools[i].names.count) == NULL)
            goto no_memory;
    }
    report->groups = calloc(tree_count(&report->buckets) + 1, sizeof *report->groups);
    if (report->groups == NULL)
        goto no_memory;
    for (node = tree_first(&report->buckets); node != NULL;
         node = tree_next(&report->buckets, node)) {
        struct bucket *bucket = tree_entry(node, struct bucket, node);

        if (bucket->hold_count + bucket->wait_count + bucket->refused + bucket->left == 0 &&
            pools == 0)
            continue;
        if (finish_group(report, &report->groups[report->group_count++], bucket) != 0)
            goto no_memory;
    }
    if (report->group_count > 1)
        qsort(report->groups, report->group_count, sizeof *report->groups, compare_groups);
    *count = report->group_count;
    return report->groups;

no_memory:
    errno = ENOMEM;
    return NULL;
}
