/* A report from a running server.
 * Must not speak its protocol: the client library does. */
#include "from_server.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "base/ip_text.h"
#include "base/rfc3339.h"
#include "kept_entries.h"
#include "list/member.h"
#include "protocol/reason.h"

_Static_assert((int)STORE_PAST_HOLD == (int)IPCLOCKER_PAST_HOLD &&
                   (int)STORE_PAST_REFUSED == (int)IPCLOCKER_PAST_REFUSED &&
                   (int)STORE_PAST_LEFT == (int)IPCLOCKER_PAST_LEFT &&
                   (int)STORE_PAST_HOLE == (int)IPCLOCKER_PAST_HOLE,
               "the kinds have the same order");

_Static_assert((int)REASON_NONE == (int)LOCK_REASON_NONE &&
                   (int)REASON_GONE == (int)LOCK_REASON_GONE,
               "the reasons have the same order");

_Static_assert((int)LOCK_CLAIMED == (int)IPCLOCKER_CLAIMED &&
                   (int)LOCK_PROVEN_BY_SOCKET == (int)IPCLOCKER_PROVEN_BY_SOCKET &&
                   (int)LOCK_PROVEN_BY_MUNGE == (int)IPCLOCKER_PROVEN_BY_MUNGE,
               "the proofs have the same order");

static struct lock_asker asker_of(const struct ipclocker_person *person)
{
    return (struct lock_asker){.uid = person->uid, .proof = (unsigned char)person->proof};
}

static struct store_history entry_of(const struct ipclocker_history_row *row)
{
    struct store_history entry = {
        .past = (enum store_past)row->past,
        .reason = (enum lock_reason)reason_parse(row->reason),
        .lock = row->locks,
        .owner = row->owner,
        .host = row->host,
        .job = row->job,
        .pool = row->pool,
        .project = row->project,
        .shared = row->shared,
        .pid = row->pid,
        .token = row->token,
        .asked_ms = row->asked_ms,
        .granted_ms = row->granted_ms,
        .ended_ms = row->ended_ms,
        .asker = asker_of(&row->who),
        .by = asker_of(&row->by),
        .by_name = row->by_name,
    };

    ip_text_parse(entry.by.peer, row->by_peer);
    return entry;
}

static int add_row(void *target, const struct ipclocker_history_row *row)
{
    const struct store_history entry = entry_of(row);

    return report_target_take(target, &entry);
}

/* Servers tell what ended first at first.  Where it is to be the other way round, they are asked
 * for one part of the time after the other, the last one first, each kept until it is complete. */
struct part {
    const struct report_target *target;
    int64_t since_ms, until_ms; /* it is about what ended between them */
    bool is_last;               /* ... or later, or not yet */
    struct kept_entries kept;
};

static int keep_row(void *context, const struct ipclocker_history_row *row)
{
    struct part *part = context;
    const struct store_history entry = entry_of(row);

    if (!part->is_last && (entry.ended_ms == 0 || entry.ended_ms >= part->until_ms))
        return 0;
    return kept_entries_add(&part->kept, &entry);
}

/* So many at a time, about. */
enum { PART_ENTRIES = 50000, PART_MS = 3600 * 1000, PART_MS_MIN = 1000 };

#define ALL_US (INT64_C(600) * 1000000)

static int64_t next_length_ms(int64_t length_ms, size_t entries)
{
    if (entries > PART_ENTRIES && length_ms / 2 >= PART_MS_MIN)
        return length_ms / 2;
    return entries < PART_ENTRIES / 4 && length_ms < INT64_MAX / 8 ? length_ms * 4 : length_ms;
}

/* Writes the error, and keeps errno. */
static int fail(char error[REPORT_ERROR_SIZE], const char *why)
{
    int saved_errno = errno;

    snprintf(error, REPORT_ERROR_SIZE, "%s", why);
    errno = saved_errno;
    return -1;
}

static int read_part(struct part *part, struct ipclocker *lock, char error[REPORT_ERROR_SIZE])
{
    if (ipclocker_history(lock, part->since_ms, part->until_ms, keep_row, part) != 0)
        return fail(error, ipclocker_error(lock));
    if (kept_entries_tell(&part->kept, report_target_take, (void *)part->target) == 0)
        return 0;
    return fail(error,
                errno == EFBIG ? "the history is too long; ask for less of it" : error_text(errno));
}

static int read_last_first(const struct report_target *target, struct ipclocker *lock,
                           char error[REPORT_ERROR_SIZE])
{
    struct part part = {.target = target, .until_ms = target->until_ms, .is_last = true};
    int64_t length_ms = PART_MS, give_up_us = clock_now_us() + ALL_US;
    int result = 0;

    while (result == 0 && part.until_ms > target->since_ms) {
        if (clock_now_us() > give_up_us) {
            errno = ETIMEDOUT;
            return fail(error, "the server has not told all of its history in ten minutes; ask "
                               "for less of it");
        }
        part.since_ms = target->since_ms;
        if (part.until_ms - target->since_ms > length_ms)
            part.since_ms = part.until_ms - length_ms;
        result = read_part(&part, lock, error);
        length_ms = next_length_ms(length_ms, part.kept.count);
        kept_entries_empty(&part.kept);
        part.until_ms = part.since_ms;
        part.is_last = false;
    }
    return result;
}

static int read_history(const struct report_target *target, struct ipclocker *lock,
                        char error[REPORT_ERROR_SIZE])
{
    if (target->last_first != NULL)
        return read_last_first(target, lock, error);
    if (ipclocker_history(lock, target->since_ms, target->until_ms, add_row, (void *)target) == 0)
        return 0;
    return fail(error, ipclocker_error(lock));
}

static int add_pool(const struct report_target *target, struct json_object *pool)
{
    struct json_object *total = NULL;
    const char *name = member_text(pool, "name");

    json_object_object_get_ex(pool, "total", &total);
    if (name == NULL || json_object_get_int64(total) <= 0)
        return 0;
    return target->tell_seats(target->context, name, (size_t)json_object_get_int64(total));
}

static int add_offline(const struct report_target *target, struct json_object *offline)
{
    const char *until = member_text(offline, "until");
    struct offline_lock lock = {.name = (char *)member_text(offline, "name"),
                                .reason = (char *)member_text(offline, "reason"),
                                .until_ms = INT64_MAX};

    if (lock.name == NULL || (until != NULL && rfc3339_parse(until, &lock.until_ms) != 0))
        return 0;
    return target->tell_offline(target->context, &lock);
}

static int add_all_offline(const struct report_target *target, struct json_object *document)
{
    struct json_object *offline = member_array(document, "offline");
    size_t count = offline != NULL ? json_object_array_length(offline) : 0;
    int result = 0;

    for (size_t i = 0; target->tell_offline != NULL && result == 0 && i < count; i++)
        result = add_offline(target, json_object_array_get_idx(offline, i));
    return result;
}

/* An older server has none. */
static int add_pools(const struct report_target *target, struct ipclocker *lock)
{
    char *json = ipclocker_pools_json(lock);
    struct json_object *document = json != NULL ? json_tokener_parse(json) : NULL;
    struct json_object *pools = member_array(document, "pools");
    int result = 0;

    for (size_t i = 0; pools != NULL && result == 0 && i < json_object_array_length(pools); i++)
        result = add_pool(target, json_object_array_get_idx(pools, i));
    if (result == 0)
        result = add_all_offline(target, document);
    json_object_put(document);
    free(json);
    return result;
}

int from_server_read(const struct report_target *target, struct ipclocker *lock,
                     char error[REPORT_ERROR_SIZE])
{
    /* Somebody looks on: what is wrong is said at once. */
    ipclocker_set_connect_tries(lock, 1);
    if (read_history(target, lock, error) != 0)
        return -1;
    if (target->tell_seats == NULL || add_pools(target, lock) == 0)
        return 0;
    return fail(error, error_text(errno));
}
