/* The columns of tables, as data.
 * Must not print, nor make what strangers wrote harmless: the table does. */
#include "column.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/natural_order.h"

#define LOCKS (1U << TABLE_LOCKS)
#define QUEUE (1U << TABLE_QUEUE)
#define TALLY (1U << TABLE_TALLY)

static const char *text_lock(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->names != NULL ? row->names : row->lock->name;
}

/* "vcs[2-3]" stands before "vcs10". */
static const char *first_lock(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->lock->name;
}

static const char *text_owner(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->by->owner;
}

static const char *text_user(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->tally != NULL ? row->tally->key : filter_user(row->by);
}

static const char *text_host(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->tally != NULL ? row->tally->key : row->by->host;
}

static const char *text_job(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->tally != NULL ? row->tally->key : row->by->job;
}

static const char *text_pool(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->tally != NULL ? row->tally->key : row->lock->pool;
}

static const char *text_project(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->by->project;
}

static const char *text_proof(const struct table_row *row, char *scratch)
{
    static const char *const words[] = {
        [IPCLOCKER_CLAIMED] = NULL,
        [IPCLOCKER_PROVEN_BY_SOCKET] = "socket",
        [IPCLOCKER_PROVEN_BY_MUNGE] = "munge",
    };

    (void)scratch;
    return words[row->by->who.proof];
}

/* "kept,silent" */
static const char *text_state(const struct table_row *row, char *scratch)
{
    const struct ipclocker_list_lock *lock = row->lock;
    const struct {
        bool holds;
        const char *word;
    } states[] = {{lock->kept, "kept"},
                  {lock->silent > 0, "silent"},
                  {lock->offline, "offline"},
                  {lock->shared, "shared"}};
    size_t len = 0;

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (states[i].holds)
            len += (size_t)snprintf(scratch + len, COLUMN_SCRATCH - len, "%s%s", len > 0 ? "," : "",
                                    states[i].word);
    }
    return len > 0 ? scratch : NULL;
}

static const char *text_reason(const struct table_row *row, char *scratch)
{
    (void)scratch;
    return row->waiter->reason;
}

/* -1 for 0, as for what is not known; a stranger's number must not become one below 0. */
static int64_t positive(uint64_t number)
{
    return number > 0 && number <= INT64_MAX ? (int64_t)number : -1;
}

static int64_t number_pid(const struct table_row *row)
{
    return positive(row->by->pid);
}

static int64_t number_since(const struct table_row *row)
{
    return row->lock != NULL ? row->lock->since_ms : row->waiter->since_ms;
}

static int64_t number_for(const struct table_row *row)
{
    return row->lock != NULL ? row->lock->held_ms : row->waiter->waited_ms;
}

static int64_t number_seconds(const struct table_row *row)
{
    int64_t ms = number_for(row);

    return ms < 0 ? -1 : ms / 1000;
}

/* A stranger's number must not overflow. */
static int64_t number_limit(const struct table_row *row)
{
    int64_t seconds = row->lock->hold_limit;

    return seconds > 0 && seconds <= INT64_MAX / 1000 ? seconds * 1000 : -1;
}

static int64_t number_left(const struct table_row *row)
{
    int64_t limit = number_limit(row);

    if (limit < 0 || row->lock->held_ms < 0)
        return -1;
    return limit > row->lock->held_ms ? limit - row->lock->held_ms : 0;
}

static int64_t number_waiting(const struct table_row *row)
{
    return row->tally != NULL ? row->tally->waiting : row->waiting;
}

static int64_t number_count(const struct table_row *row)
{
    return row->count;
}

static int64_t number_token(const struct table_row *row)
{
    return positive(row->lock->token);
}

static int64_t number_place(const struct table_row *row)
{
    return positive(row->waiter->position);
}

static int64_t number_of(const struct table_row *row)
{
    return positive(row->waiter->of);
}

static const char *text_priority(const struct table_row *row, char *scratch)
{
    if (row->waiter->priority == 0)
        return NULL;
    snprintf(scratch, COLUMN_SCRATCH, "%" PRId64, row->waiter->priority);
    return scratch;
}

static int64_t number_held(const struct table_row *row)
{
    return row->tally->held;
}

static int64_t number_longest(const struct table_row *row)
{
    return row->tally->longest_ms;
}

static int64_t number_oldest(const struct table_row *row)
{
    return row->tally->oldest_ms;
}

#define TEXT(name_, heading_, tables_, rank_, least_, text_, ...)                         \
    {                                                                                     \
        .name = (name_), .heading = (heading_), .tables = (tables_), .kind = COLUMN_TEXT, \
        .rank = (rank_), .least = (least_), .text = (text_), __VA_ARGS__                  \
    }
#define NUMBER(name_, heading_, tables_, rank_, kind_, number_)                       \
    {                                                                                 \
        .name = (name_), .heading = (heading_), .tables = (tables_), .kind = (kind_), \
        .rank = (rank_), .number = (number_)                                          \
    }

/* clang-format off */
static const struct column columns[] = {
    TEXT("lock", "LOCK", LOCKS, 0, 8, text_lock, .sorts_by = first_lock),
    NUMBER("place", "PLACE", QUEUE, 0, COLUMN_NUMBER, number_place),
    NUMBER("of", "OF", QUEUE, 6, COLUMN_NUMBER, number_of),
    TEXT("user", "USER", LOCKS | QUEUE | TALLY, 0, 6, text_user),
    TEXT("owner", "OWNER", LOCKS | QUEUE, 8, 12, text_owner),
    TEXT("host", "HOST", LOCKS | QUEUE | TALLY, 4, 6, text_host),
    NUMBER("pid", "PID", LOCKS | QUEUE, 1, COLUMN_NUMBER, number_pid),
    TEXT("job", "JOB", LOCKS | QUEUE | TALLY, 5, 8, text_job),
    TEXT("project", "PROJECT", LOCKS | QUEUE, 5, 6, text_project),
    TEXT("pool", "POOL", LOCKS | TALLY, 5, 6, text_pool),
    NUMBER("count", "COUNT", LOCKS, 6, COLUMN_NUMBER, number_count),
    NUMBER("since", "SINCE", LOCKS | QUEUE, 2, COLUMN_TIME, number_since),
    NUMBER("for", "FOR", LOCKS | QUEUE, 9, COLUMN_LENGTH, number_for),
    NUMBER("seconds", "SECONDS", LOCKS | QUEUE, 3, COLUMN_NUMBER, number_seconds),
    NUMBER("limit", "LIMIT", LOCKS, 3, COLUMN_LENGTH, number_limit),
    NUMBER("left", "LEFT", LOCKS, 6, COLUMN_LENGTH, number_left),
    NUMBER("held", "HELD", TALLY, 0, COLUMN_NUMBER, number_held),
    NUMBER("longest", "LONGEST", TALLY, 1, COLUMN_LENGTH, number_longest),
    NUMBER("waiting", "WAITING", LOCKS | TALLY, 7, COLUMN_NUMBER, number_waiting),
    NUMBER("oldest", "OLDEST", TALLY, 2, COLUMN_LENGTH, number_oldest),
    NUMBER("token", "TOKEN", LOCKS, 1, COLUMN_NUMBER, number_token),
    TEXT("proof", "PROOF", LOCKS | QUEUE, 1, 6, text_proof),
    TEXT("state", "STATE", LOCKS, 8, 6, text_state, .is_seldom = true),
    TEXT("priority", "PRIORITY", QUEUE, 3, 4, text_priority),
    TEXT("reason", "REASON", QUEUE, 8, 7, text_reason, .is_seldom = true),
    TEXT("wants", "WANTS", QUEUE, 0, 8, text_lock),
};
/* clang-format on */

enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

const struct column *column_find(const char *name, size_t len)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (strlen(columns[i].name) == len && memcmp(columns[i].name, name, len) == 0)
            return &columns[i];
    }
    return NULL;
}

const char *column_names(void)
{
    static char names[400];
    size_t len = 0;

    for (size_t i = 0; i < COLUMN_COUNT && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                columns[i].name);
    return names;
}

static const char *put_time(int64_t time_ms, const struct column_clock *clock, char *scratch)
{
    time_t seconds = (time_t)(time_ms / 1000), now_s = (time_t)(clock->now_ms / 1000);
    struct tm time, now;
    size_t len;

    if (localtime_r(&seconds, &time) == NULL || localtime_r(&now_s, &now) == NULL)
        return "-";
    if (!clock->is_short || time.tm_year != now.tm_year)
        len = strftime(scratch, COLUMN_SCRATCH, "%Y-%m-%dT%H:%M:%S", &time);
    else if (time.tm_yday != now.tm_yday)
        len = strftime(scratch, COLUMN_SCRATCH, "%b %d %H:%M", &time);
    else
        len = strftime(scratch, COLUMN_SCRATCH, "%H:%M:%S", &time);
    return len > 0 ? scratch : "-";
}

const char *column_text(const struct column *column, const struct table_row *row,
                        const struct column_clock *clock, char scratch[COLUMN_SCRATCH])
{
    const char *text;
    int64_t number;

    if (column->kind == COLUMN_TEXT) {
        text = column->text(row, scratch);
        return text != NULL && *text != '\0' ? text : "-";
    }
    number = column->number(row);
    if (number < 0)
        return "-";
    if (column->kind == COLUMN_TIME)
        return put_time(number, clock, scratch);
    if (column->kind == COLUMN_LENGTH)
        duration_format(scratch, number / 1000, DURATION_SHORT);
    else
        snprintf(scratch, COLUMN_SCRATCH, "%" PRId64, number);
    return scratch;
}

int column_compare(const struct column *column, const struct table_row *a,
                   const struct table_row *b)
{
    char one[COLUMN_SCRATCH], other[COLUMN_SCRATCH];

    if (column->kind == COLUMN_TEXT) {
        const char *(*text)(const struct table_row *, char *) =
            column->sorts_by != NULL ? column->sorts_by : column->text;
        const char *first = text(a, one), *second = text(b, other);

        if (first == NULL || second == NULL)
            return (first != NULL) - (second != NULL);
        return natural_order_compare(first, second);
    } else {
        int64_t first = column->number(a), second = column->number(b);

        return (first > second) - (first < second);
    }
}

bool column_is_empty(const struct column *column, const struct table_row *row)
{
    char scratch[COLUMN_SCRATCH];

    return column->kind == COLUMN_TEXT ? column->text(row, scratch) == NULL
                                       : column->number(row) < 0;
}
