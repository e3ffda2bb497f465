/* Plays recorded requests with another number of seats.
 * Must not grant anything itself: the lock table does. */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "lock/pools.h"
#include "lock/table.h"

/* One request of the history. */
struct request {
    uint64_t token; /* 0: it was granted nothing */
    int64_t asked_ms;
    int64_t left_ms; /* when it gave up; INT64_MAX: it did not */
    int64_t hold_ms; /* 0: for ever */
    uint32_t seats;
    bool waits;
};

struct replay {
    struct request *requests;
    size_t count, room;
    struct request **leavers; /* in the order in which they give up */
    size_t leaver_count;
    bool is_sorted;
};

/* A run, at some time. */
struct run {
    const struct replay *replay;
    const struct span *time;
    struct replay_result *result;
    struct lock_table *table;
    struct lock_request **waiting; /* by the number of the request */
    int64_t *waits_ms;
    size_t next, next_leaver;
    int64_t now_ms;
};

struct replay *replay_create(void)
{
    return calloc(1, sizeof(struct replay));
}

void replay_destroy(struct replay *replay)
{
    if (replay == NULL)
        return;
    free(replay->requests);
    free(replay->leavers);
    free(replay);
}

/* Longer than any report is for ever. */
static int64_t length_of(int64_t held_ms)
{
    if (held_ms > INT64_MAX / 4)
        return 0;
    return held_ms > 0 ? held_ms : 1;
}

int replay_add(struct replay *replay, const struct store_history *entry)
{
    struct request request = {
        .token = entry->past == STORE_PAST_HOLD ? entry->token : 0,
        .asked_ms = entry->asked_ms,
        .left_ms = entry->past == STORE_PAST_LEFT ? entry->ended_ms : INT64_MAX,
        .seats = 1,
        .waits = entry->past != STORE_PAST_REFUSED,
    };
    struct request *requests;

    /* How often a refusal was repeated, and not when. */
    if (entry->past == STORE_PAST_REFUSED && entry->token > 0)
        return 0;
    requests = array_grow(replay->requests, &replay->room, replay->count, sizeof *requests);
    if (requests == NULL)
        return -1;
    replay->requests = requests;
    if (entry->past == STORE_PAST_HOLD && entry->ended_ms != 0)
        request.hold_ms = length_of(entry->ended_ms - entry->granted_ms);
    requests[replay->count++] = request;
    return 0;
}

/* ---- making requests of entries ----------------------------------------------------------------
 */

static int compare_tokens(const void *a, const void *b)
{
    const struct request *left = a, *right = b;

    return (left->token > right->token) - (left->token < right->token);
}

/* Tokens go up with the grants, and so do tickets among those that asked at one time. */
static int compare_asked(const void *a, const void *b)
{
    const struct request *left = a, *right = b;

    if (left->asked_ms != right->asked_ms)
        return left->asked_ms < right->asked_ms ? -1 : 1;
    return compare_tokens(a, b);
}

static int compare_left(const void *a, const void *b)
{
    const struct request *const *left = a, *const *right = b;

    return ((*left)->left_ms > (*right)->left_ms) - ((*left)->left_ms < (*right)->left_ms);
}

/* Of a grant of several seats the last one that came back counts. */
static void merge_grants(struct replay *replay)
{
    size_t kept = 0;

    qsort(replay->requests, replay->count, sizeof *replay->requests, compare_tokens);
    for (size_t i = 0; i < replay->count; i++) {
        const struct request *request = &replay->requests[i];
        struct request *last = kept > 0 ? &replay->requests[kept - 1] : NULL;

        if (last == NULL || request->token == 0 || last->token != request->token) {
            replay->requests[kept++] = *request;
            continue;
        }
        last->seats++;
        if (request->hold_ms == 0 || (last->hold_ms != 0 && request->hold_ms > last->hold_ms))
            last->hold_ms = request->hold_ms;
    }
    replay->count = kept;
}

/* Who never got one would have held it as long as others do. */
static int give_lengths(struct replay *replay)
{
    int64_t *known = calloc(replay->count + 1, sizeof *known), median_ms;
    size_t count = 0;

    if (known == NULL)
        return -1;
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->requests[i].token != 0 && replay->requests[i].hold_ms != 0)
            known[count++] = replay->requests[i].hold_ms;
    }
    median_ms = lengths_of(known, count).median_ms;
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->requests[i].token == 0)
            replay->requests[i].hold_ms = median_ms > 0 ? median_ms : 1;
    }
    free(known);
    return 0;
}

static int sort(struct replay *replay)
{
    if (replay->is_sorted)
        return 0;
    if (replay->count > 0)
        merge_grants(replay);
    replay->leavers = calloc(replay->count + 1, sizeof(struct request *));
    if (replay->leavers == NULL || give_lengths(replay) != 0)
        return -1;
    if (replay->count > 0)
        qsort(replay->requests, replay->count, sizeof *replay->requests, compare_asked);
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->requests[i].left_ms != INT64_MAX)
            replay->leavers[replay->leaver_count++] = &replay->requests[i];
    }
    if (replay->leaver_count > 0)
        qsort(replay->leavers, replay->leaver_count, sizeof(struct request *), compare_left);
    replay->is_sorted = true;
    return 0;
}

/* ---- playing -----------------------------------------------------------------------------------
 */

/* The number of a request is its owner's name. */
static size_t number_of(const struct lock_request *request)
{
    return strtoull(request->owner, NULL, 10);
}

static void on_event(void *context, const struct lock_event *event)
{
    struct run *run = context;
    struct replay_result *result = run->result;
    size_t number = number_of(event->request);

    if (event->kind == LOCK_EVENT_LEFT) {
        run->waiting[number] = NULL;
        result->left += span_has(run->time, event->at_ms);
    }
    if (event->kind != LOCK_EVENT_GRANTED)
        return;
    run->waiting[number] = NULL;
    if (!span_has(run->time, event->at_ms))
        return;
    result->granted++;
    if (event->at_ms > event->request->asked_ms) {
        run->waits_ms[result->waits++] = event->at_ms - event->request->asked_ms;
        result->waited_ms += event->at_ms - event->request->asked_ms;
    }
}

static int ask(struct run *run, size_t number)
{
    static const char *const names[] = {"seats"};
    const struct request *request = &run->replay->requests[number];
    const struct lock_group group = {.names = names, .name_count = 1, .count = request->seats};
    char owner[32];
    const struct lock_ask ask = {.owner = owner,
                                 .groups = &group,
                                 .group_count = 1,
                                 .wait = request->waits,
                                 .hold_ms = request->hold_ms};
    struct lock_result result;

    snprintf(owner, sizeof owner, "%zu", number);
    result = lock_table_request(run->table, &ask, run->now_ms);
    if (result.outcome == LOCK_OUTCOME_NO_MEMORY) {
        errno = ENOMEM;
        return -1;
    }
    if (result.outcome == LOCK_OUTCOME_QUEUED)
        run->waiting[number] = result.request;
    run->result->refused +=
        result.outcome == LOCK_OUTCOME_REFUSED && span_has(run->time, run->now_ms);
    run->result->impossible += result.outcome == LOCK_OUTCOME_RULE;
    return 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_time(const struct run *run)
{
    const struct replay *replay = run->replay;
    int64_t next_ms = lock_table_next_deadline(run->table);

    if (run->next < replay->count)
        next_ms = sooner(next_ms, replay->requests[run->next].asked_ms);
    if (run->next_leaver < replay->leaver_count)
        next_ms = sooner(next_ms, replay->leavers[run->next_leaver]->left_ms);
    return next_ms;
}

/* How long it is as it is now, in the time that counts. */
static void add_up(struct run *run, int64_t until_ms)
{
    const struct span now = {.from_ms = run->now_ms, .to_ms = until_ms};
    struct span part;

    if (!span_touches(&now, run->time) || lock_table_held_count(run->table) < run->result->seats)
        return;
    part = span_within(&now, run->time);
    run->result->full_ms += part.to_ms - part.from_ms;
    if (lock_table_waiter_count(run->table) > 0)
        run->result->waiting_full_ms += part.to_ms - part.from_ms;
}

/* All that happens at one time: first what comes back, then who gives up, then who asks. */
static int play_time(struct run *run)
{
    const struct replay *replay = run->replay;

    lock_table_expire(run->table, run->now_ms);
    for (; run->next_leaver < replay->leaver_count &&
           replay->leavers[run->next_leaver]->left_ms <= run->now_ms;
         run->next_leaver++) {
        size_t number = (size_t)(replay->leavers[run->next_leaver] - replay->requests);

        if (run->waiting[number] != NULL)
            lock_table_end(run->table, run->waiting[number], LOCK_REASON_GONE, run->now_ms);
    }
    for (; run->next < replay->count && replay->requests[run->next].asked_ms <= run->now_ms;
         run->next++) {
        if (ask(run, run->next) != 0)
            return -1;
    }
    return 0;
}

static int play(struct run *run)
{
    int64_t next_ms = next_time(run);

    while (next_ms < run->time->to_ms) {
        run->now_ms = next_ms;
        if (play_time(run) != 0)
            return -1;
        next_ms = next_time(run);
        add_up(run, sooner(next_ms, run->time->to_ms));
    }
    run->result->wait = lengths_of(run->waits_ms, run->result->waits);
    return 0;
}

size_t replay_count(const struct replay *replay)
{
    return replay->count;
}

int replay_run(struct replay *replay, const struct span *time, size_t seats,
               struct replay_result *result)
{
    const struct pool_config pool = {.name = "seats", .seats = (uint32_t)seats};
    const struct pools_config pools = {.pools = &pool, .pool_count = 1};
    struct run run = {.replay = replay, .time = time, .result = result};
    int played = -1;

    *result = (struct replay_result){.seats = seats};
    if (sort(replay) != 0)
        return -1;
    run.table = lock_table_create(on_event, &run);
    run.waiting = calloc(replay->count + 1, sizeof(struct lock_request *));
    run.waits_ms = calloc(replay->count + 1, sizeof *run.waits_ms);
    if (run.table != NULL && run.waiting != NULL && run.waits_ms != NULL &&
        lock_table_set_pools(run.table, &pools, 0) == 0)
        played = play(&run);
    lock_table_destroy(run.table);
    free(run.waiting);
    free(run.waits_ms);
    return played;
}
