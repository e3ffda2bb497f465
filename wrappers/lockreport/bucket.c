/* Works out the figures of a group.
 * Must not know where its entries come from. */
#include "bucket.h"

#include <stdlib.h>
#include <string.h>

#include "series.h"

static int compare_keys(const struct group_key *left, const struct group_key *right)
{
    if (left->is_proven != right->is_proven)
        return left->is_proven ? -1 : 1;
    if (left->is_proven)
        return (left->uid > right->uid) - (left->uid < right->uid);
    return strcmp(left->name, right->name);
}

int bucket_compare(const struct tree_node *a, const struct tree_node *b)
{
    return compare_keys(&tree_entry(a, const struct bucket, node)->key,
                        &tree_entry(b, const struct bucket, node)->key);
}

bool bucket_is_of(const struct bucket *bucket, const struct group_key *key)
{
    return compare_keys(&bucket->key, key) == 0;
}

/* FNV-1a, of Fowler, Noll and Vo. */
size_t bucket_hash(const struct group_key *key)
{
    uint32_t hash = 2166136261U ^ key->uid;

    for (const char *c = key->name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    return hash;
}

static int count_wait(void *context, const struct hold *hold);

static int make_parts(struct bucket *bucket)
{
    size_t count = bucket->frame->parts.count;

    if (count == 0)
        return 0;
    bucket->held_ms = calloc(count, sizeof *bucket->held_ms);
    bucket->waiting_ms = calloc(count, sizeof *bucket->waiting_ms);
    return bucket->held_ms != NULL && bucket->waiting_ms != NULL ? 0 : -1;
}

struct bucket *bucket_create(const struct group_key *key, const struct frame *frame,
                             size_t capacity)
{
    struct bucket *bucket = calloc(1, sizeof *bucket);

    if (bucket == NULL)
        return NULL;
    bucket->frame = frame;
    bucket->name = strdup(key->name);
    if (bucket->name == NULL || make_parts(bucket) != 0) {
        bucket_destroy(bucket);
        return NULL;
    }
    bucket->key = *key;
    bucket->key.name = bucket->name;
    bucket->capacity = capacity;
    occupancy_begin(&bucket->occupancy, &frame->time);
    bucket->occupancy.on_waited = count_wait;
    bucket->occupancy.context = bucket;
    return bucket;
}

void bucket_destroy(struct bucket *bucket)
{
    occupancy_fini(&bucket->occupancy);
    tally_fini(&bucket->holds);
    tally_fini(&bucket->waits);
    free(bucket->held_ms);
    free(bucket->waiting_ms);
    free(bucket->name);
    free(bucket);
}

static void add_part(double *sums_ms, const struct bucket *bucket, const struct span *span)
{
    if (sums_ms != NULL)
        series_add(sums_ms, &bucket->frame->parts, span);
}

/* A grant of several locks was waited for once. */
static int count_wait(void *context, const struct hold *hold)
{
    struct bucket *bucket = context;
    const struct span wait = {.from_ms = hold->asked_ms, .to_ms = hold->span.from_ms};

    if (hold->token != 0 && hold->token == bucket->last_token &&
        hold->span.from_ms == bucket->last_granted_ms)
        return 0;
    bucket->last_token = hold->token;
    bucket->last_granted_ms = hold->span.from_ms;
    add_part(bucket->waiting_ms, bucket, &wait);
    return hold->token != 0 ? tally_add(&bucket->waits, wait.to_ms - wait.from_ms) : 0;
}

/* One that came to nothing, or to nothing yet. */
static int count_vain_wait(struct bucket *bucket, const struct span *wait)
{
    if (wait->from_ms >= wait->to_ms || !span_touches(wait, &bucket->frame->time))
        return 0;
    bucket->is_used = true;
    add_part(bucket->waiting_ms, bucket, wait);
    return occupancy_add_wait(&bucket->occupancy, wait);
}

static void add_use(struct bucket *bucket, const struct span *held)
{
    const struct span *within = &bucket->frame->time;
    const struct span hold = span_within(held, within);
    double slot = (double)(within->to_ms - within->from_ms) / REPORT_SLOTS;
    double from = (double)(hold.from_ms - within->from_ms);
    double to = (double)(hold.to_ms - within->from_ms);

    bucket->is_used = true;
    bucket->busy_ms += hold.to_ms - hold.from_ms;
    for (size_t s = (size_t)(from / slot); s < REPORT_SLOTS && (double)s * slot < to; s++) {
        double begin = (double)s * slot, end = begin + slot;

        bucket->slots[s] += ((to < end ? to : end) - (from > begin ? from : begin)) / slot;
    }
    add_part(bucket->held_ms, bucket, held);
}

static int count_hold(struct bucket *bucket, const struct store_history *entry)
{
    const struct span *within = &bucket->frame->time;
    bool is_new = span_has(within, entry->granted_ms);
    const struct hold hold = {
        .span = {.from_ms = entry->granted_ms,
                 .to_ms = entry->ended_ms != 0 ? entry->ended_ms : within->to_ms},
        .asked_ms = entry->asked_ms,
        .token = is_new ? entry->token : 0,
    };

    if (is_new) {
        bucket->granted++;
        bucket->granted_late += entry->granted_ms > entry->asked_ms;
    }
    if (!span_touches(&hold.span, within)) {
        const struct span wait = {.from_ms = entry->asked_ms, .to_ms = entry->granted_ms};

        return count_vain_wait(bucket, &wait);
    }
    add_use(bucket, &hold.span);
    if (tally_add(&bucket->holds, hold.span.to_ms - hold.span.from_ms) != 0)
        return -1;
    return occupancy_add_hold(&bucket->occupancy, &hold);
}

/* Who asked in vain. */
static int count_failure(struct bucket *bucket, const struct store_history *entry)
{
    const struct span wait = {.from_ms = entry->asked_ms, .to_ms = entry->ended_ms};
    bool is_within = span_has(&bucket->frame->time, entry->ended_ms);

    bucket->is_used |= is_within;
    if (entry->past == STORE_PAST_LEFT) {
        bucket->left += is_within;
        return count_vain_wait(bucket, &wait);
    }
    if (is_within)
        bucket->refused += entry->token > 0 ? entry->token : 1; /* repeated so often */
    return 0;
}

int bucket_count(struct bucket *bucket, const struct store_history *entry, uint64_t number)
{
    if (entry->past == STORE_PAST_HOLD)
        return count_hold(bucket, entry);
    if (bucket->last_entry == number)
        return 0;
    bucket->last_entry = number;
    return count_failure(bucket, entry);
}

size_t bucket_bytes(const struct bucket *bucket)
{
    return sizeof *bucket + occupancy_bytes(&bucket->occupancy) + bucket->holds.bytes +
           bucket->waits.bytes + 2 * bucket->frame->parts.count * sizeof *bucket->held_ms;
}

static void take_parts(struct bucket *bucket, struct report_group *group)
{
    if (bucket->held_ms == NULL)
        return;
    series_divide(bucket->held_ms, &bucket->frame->parts);
    series_divide(bucket->waiting_ms, &bucket->frame->parts);
    group->held = bucket->held_ms;
    group->waiting = bucket->waiting_ms;
    bucket->held_ms = bucket->waiting_ms = NULL;
}

int bucket_work_out(struct bucket *bucket, struct report_group *group)
{
    struct occupancy_level full = {0};

    if (occupancy_finish(&bucket->occupancy) != 0)
        return -1;
    if (bucket->capacity > 0)
        full = occupancy_full(&bucket->occupancy, bucket->capacity);
    group->time_ms = bucket->frame->time.to_ms - bucket->frame->time.from_ms;
    group->capacity = bucket->capacity;
    group->granted = bucket->granted;
    group->granted_late = bucket->granted_late;
    group->refused = bucket->refused;
    group->left = bucket->left;
    group->peak = bucket->occupancy.peak;
    group->full_ms = full.time_ms;
    group->waiting_full_ms = full.waiting_ms;
    group->holds = bucket->holds.count;
    group->hold = tally_lengths(&bucket->holds);
    group->waits = bucket->waits.count;
    group->wait = tally_lengths(&bucket->waits);
    group->busy_ms = bucket->busy_ms;
    group->mean = (double)bucket->busy_ms / (double)group->time_ms;
    memcpy(group->slots, bucket->slots, sizeof group->slots);
    take_parts(bucket, group);
    return 0;
}
