/* Working out a report.
 * Must not read a clock, a file or a socket. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buckets.h"
#include "protocol/owner_name.h"
#include "wanted_pools.h"

struct report {
    enum report_by by;
    struct frame frame;
    struct wanted_pools pools;
    struct buckets buckets;
    uint64_t entries;
    report_login_fn *login_of; /* or NULL */
    struct break_list breaks;
    struct offline_list offline;
    struct hole_list holes;
    struct report_group *groups;
    size_t group_count;
    struct report_group total;
};

struct report *report_create(enum report_by by, int64_t since_ms, int64_t until_ms)
{
    struct report *report = calloc(1, sizeof *report);

    if (report == NULL)
        return NULL;
    report->by = by;
    report->frame.time = (struct span){.from_ms = since_ms, .to_ms = until_ms};
    buckets_init(&report->buckets, &report->frame);
    return report;
}

static void free_group(struct report_group *group)
{
    free(group->name);
    free(group->held);
    free(group->waiting);
}

void report_empty(struct report *report)
{
    break_list_fini(&report->breaks);
    offline_list_fini(&report->offline);
    hole_list_fini(&report->holes);
    buckets_empty(&report->buckets);
    report->entries = 0;
}

void report_destroy(struct report *report)
{
    if (report == NULL)
        return;
    report_empty(report);
    wanted_pools_fini(&report->pools);
    for (size_t i = 0; i < report->group_count; i++)
        free_group(&report->groups[i]);
    free_group(&report->total);
    free(report->groups);
    parts_fini(&report->frame.parts);
    free(report);
}

bool report_has_pools(const struct report *report)
{
    return report->pools.count > 0;
}

int64_t report_since_ms(const struct report *report)
{
    return report->frame.time.from_ms;
}

int64_t report_until_ms(const struct report *report)
{
    return report->frame.time.to_ms;
}

int report_divide(struct report *report, int64_t step_ms)
{
    return parts_create(&report->frame.parts, &report->frame.time, step_ms);
}

const struct parts *report_parts(const struct report *report)
{
    return &report->frame.parts;
}

enum report_by report_by(const struct report *report)
{
    return report->by;
}

static const char *const by_names[] = {"lock", "user", "host", "job", "pool", "project"};

const char *report_by_name(enum report_by by)
{
    return by_names[by];
}

void report_name_users(struct report *report, report_login_fn *login_of)
{
    report->login_of = login_of;
}

const struct report_group *report_total(const struct report *report)
{
    return &report->total;
}

struct hole_list *report_holes(struct report *report)
{
    return &report->holes;
}

const struct break_list *report_breaks(const struct report *report)
{
    return &report->breaks;
}

int report_add_pool(struct report *report, const char *pool, char *error, size_t error_size)
{
    return wanted_pools_add(&report->pools, pool, error, error_size);
}

/* Of locks that stand in several pools each counts once for each. */
static int count_entry(struct report *report, struct bucket *bucket,
                       const struct store_history *entry)
{
    struct bucket *all = buckets_all(&report->buckets);

    if (bucket == NULL || all == NULL ||
        buckets_count(&report->buckets, bucket, entry, report->entries) != 0)
        return -1;
    return buckets_count(&report->buckets, all, entry, report->entries);
}

/* A proven user may give itself any name. */
static struct group_key user_of(const struct store_history *entry)
{
    const char *login = owner_name_user(entry->owner);

    if (entry->asker.proof != LOCK_CLAIMED)
        return (struct group_key){.name = "", .is_proven = true, .uid = entry->asker.uid};
    return (struct group_key){.name = login != NULL ? login : entry->owner};
}

static struct group_key key_of(const char *name)
{
    return (struct group_key){.name = name != NULL ? name : "-"};
}

/* Without a name: the lock's, or its pool's. */
static struct group_key group_of(const struct report *report, const struct store_history *entry)
{
    switch (report->by) {
    case REPORT_BY_USER:
        return user_of(entry);
    case REPORT_BY_HOST:
        return key_of(entry->host);
    case REPORT_BY_JOB:
        return key_of(entry->job);
    case REPORT_BY_POOL:
        return key_of(entry->pool);
    case REPORT_BY_PROJECT:
        return key_of(entry->project);
    default:
        return (struct group_key){0};
    }
}

static struct group_key pool_key(const struct wanted_pool *pool)
{
    return (struct group_key){.name = pool->name};
}

static int add_break(struct report *report, const struct store_history *entry)
{
    if (entry->past != STORE_PAST_HOLD || entry->reason != LOCK_REASON_BREAK ||
        !span_has(&report->frame.time, entry->ended_ms))
        return 0;
    return buckets_take_room(&report->buckets, break_list_bytes(entry)) == 0
               ? break_list_add(&report->breaks, entry)
               : -1;
}

static int add_to_pool(struct report *report, const struct store_history *entry,
                       const struct wanted_pool *pool, const struct group_key *group, bool is_named)
{
    const struct group_key key = group->name != NULL ? *group : pool_key(pool);
    struct bucket *bucket =
        buckets_find(&report->buckets, &key, group->name != NULL ? 0 : pool->names.count);

    /* Of a pool of the server's that was given by its name nobody says how many seats it has. */
    if (bucket != NULL && is_named)
        bucket->capacity = 0;
    return count_entry(report, bucket, entry);
}

static int add_to_pools(struct report *report, const struct store_history *entry, const char *name,
                        const struct group_key *group)
{
    bool concerns = false;

    for (size_t i = 0; i < report->pools.count; i++) {
        const struct wanted_pool *pool = &report->pools.items[i];
        bool is_named = entry->pool != NULL && wanted_pool_has(pool, entry->pool);

        if (!is_named && !wanted_pool_has(pool, name))
            continue;
        concerns = true;
        if (add_to_pool(report, entry, pool, group, is_named) != 0)
            return -1;
        if (group->name != NULL)
            break;
    }
    return concerns ? add_break(report, entry) : 0;
}

static int add_lock(struct report *report, const struct store_history *entry, const char *name)
{
    struct group_key group = group_of(report, entry);
    size_t capacity = group.name == NULL;

    if (report->pools.count > 0)
        return add_to_pools(report, entry, name, &group);
    if (group.name == NULL)
        group.name = name;
    if (count_entry(report, buckets_find(&report->buckets, &group, capacity), entry) != 0)
        return -1;
    return add_break(report, entry);
}

/* A request's, all in one text. */
static int add_locks(struct report *report, const struct store_history *entry)
{
    char *names = strdup(entry->lock), *rest = names, *name;
    int result = names != NULL ? 0 : -1;

    while (result == 0 && (name = strsep(&rest, " ")) != NULL) {
        /* "+7": there were more than the history has the names of. */
        if (name == names || *name != '+' || rest != NULL)
            result = add_lock(report, entry, name);
    }
    free(names);
    return result;
}

int report_add(struct report *report, const struct store_history *entry)
{
    int result;

    report->entries++;
    result = strchr(entry->lock, ' ') == NULL ? add_lock(report, entry, entry->lock)
                                              : add_locks(report, entry);
    if (result != 0 && buckets_have_room(&report->buckets))
        errno = ENOMEM;
    return result;
}

/* What a report on such a pool is about, if it is about one. */
static struct group_key server_pool_key(const struct report *report, const char *name)
{
    if (report->by == REPORT_BY_POOL)
        return key_of(name);
    for (size_t i = 0; i < report->pools.count && report->by == REPORT_BY_LOCK; i++) {
        if (report->pools.items[i].names.count == 1 &&
            wanted_pool_has(&report->pools.items[i], name))
            return pool_key(&report->pools.items[i]);
    }
    return (struct group_key){0};
}

int report_tell_seats(struct report *report, const char *pool, size_t seats)
{
    const struct group_key key = server_pool_key(report, pool);
    struct bucket *bucket;

    if (key.name == NULL)
        return 0;
    bucket = buckets_find(&report->buckets, &key, seats);
    if (bucket == NULL)
        return -1;
    bucket->capacity = seats;
    return 0;
}

int report_tell_offline(struct report *report, const struct offline_lock *lock)
{
    bool concerns = report->pools.count == 0;

    /* A server that does not run has not put it back yet. */
    if (lock->until_ms <= report->frame.time.to_ms)
        return 0;
    for (size_t i = 0; i < report->pools.count; i++)
        concerns |= wanted_pool_has(&report->pools.items[i], lock->name);
    return concerns ? offline_list_add(&report->offline, lock) : 0;
}

const struct offline_list *report_offline(const struct report *report)
{
    return &report->offline;
}

static int compare_groups(const void *a, const void *b)
{
    const struct report_group *left = a, *right = b;

    if (left->busy_ms != right->busy_ms)
        return left->busy_ms > right->busy_ms ? -1 : 1;
    return strcmp(left->name, right->name);
}

static char *name_of(const struct report *report, const struct group_key *key)
{
    char *login = key->is_proven && report->login_of != NULL ? report->login_of(key->uid) : NULL;
    char number[32];

    if (login != NULL || !key->is_proven)
        return login != NULL ? login : strdup(key->name);
    snprintf(number, sizeof number, "%u", key->uid);
    return strdup(number);
}

static int finish_group(const struct report *report, struct report_group *group,
                        struct bucket *bucket)
{
    group->name = name_of(report, &bucket->key);
    group->is_proven = bucket->key.is_proven;
    group->uid = bucket->key.uid;
    return group->name != NULL ? bucket_work_out(bucket, group) : -1;
}

static int finish_total(struct report *report)
{
    struct bucket *all = buckets_all(&report->buckets);
    bool has_capacity = true;

    if (all == NULL)
        return -1;
    for (struct tree_node *node = tree_first(&report->buckets.tree); node != NULL;
         node = tree_next(&report->buckets.tree, node)) {
        const struct bucket *bucket = tree_entry(node, struct bucket, node);

        has_capacity &= bucket->capacity > 0;
        all->capacity += bucket->capacity;
    }
    if (!has_capacity)
        all->capacity = 0;
    return bucket_work_out(all, &report->total);
}

static void share_out(struct report *report)
{
    double all_ms = (double)report->total.busy_ms;

    for (size_t i = 0; i < report->group_count; i++)
        report->groups[i].share = all_ms > 0 ? (double)report->groups[i].busy_ms / all_ms : 0;
    report->total.share = all_ms > 0;
}

const struct report_group *report_finish(struct report *report, size_t *count)
{
    size_t pools = report->by == REPORT_BY_LOCK ? report->pools.count : 0;
    struct tree_node *node;

    /* A pool that nobody used is worth knowing about. */
    for (size_t i = 0; i < pools; i++) {
        const struct group_key key = pool_key(&report->pools.items[i]);

        if (buckets_find(&report->buckets, &key, report->pools.items[i].names.count) == NULL)
            goto no_memory;
    }
    report->groups = calloc(tree_count(&report->buckets.tree) + 1, sizeof *report->groups);
    if (report->groups == NULL)
        goto no_memory;
    for (node = tree_first(&report->buckets.tree); node != NULL;
         node = tree_next(&report->buckets.tree, node)) {
        struct bucket *bucket = tree_entry(node, struct bucket, node);

        if (!bucket->is_used && pools == 0)
            continue;
        if (finish_group(report, &report->groups[report->group_count++], bucket) != 0)
            goto no_memory;
    }
    if (finish_total(report) != 0)
        goto no_memory;
    share_out(report);
    if (report->group_count > 1)
        qsort(report->groups, report->group_count, sizeof *report->groups, compare_groups);
    break_list_sort(&report->breaks);
    offline_list_sort(&report->offline);
    hole_list_sort(&report->holes);
    *count = report->group_count;
    return report->groups;

no_memory:
    errno = ENOMEM;
    return NULL;
}
