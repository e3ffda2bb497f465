/* What a farm did with its locks: use over time, waits and refusals, from the history of a lock
 * server.  Pure: entries go in, groups come out.
 */
#ifndef FARMLOCK_LOCKREPORT_REPORT_H
#define FARMLOCK_LOCKREPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "breaks.h"
#include "holes.h"
#include "ipclocker.h"
#include "lengths.h"
#include "offline.h"
#include "parts.h"
#include "store/store.h"

enum report_by {
    REPORT_BY_LOCK,
    REPORT_BY_USER,
    REPORT_BY_HOST,
    REPORT_BY_JOB,
    REPORT_BY_POOL,
    REPORT_BY_PROJECT,
};
#define REPORT_BY_WORDS "lock|user|host|job|pool|project" /* in that order */

enum { REPORT_SLOTS = 32 }; /* of the plot */

struct report;

/* One line of the report. */
struct report_group {
    char *name;          /* NULL: all groups */
    bool is_proven;      /* it is a user whose uid the server knew */
    uint32_t uid;        /* that one, else 0 */
    int64_t time_ms;     /* of the report */
    size_t capacity;     /* locks in the pool; 0 where that says nothing */
    size_t holds;        /* that were going on at some time of the report */
    struct lengths hold; /* from grant to end, also where that is beyond the report's time */
    int64_t busy_ms;     /* of all holds together, within the report's time */
    double share;        /* its part of what all groups were busy */
    size_t peak;         /* most at one instant */
    double mean;
    double slots[REPORT_SLOTS]; /* the mean of each part of the time */
    int64_t full_ms;            /* that all of the capacity was held */
    int64_t waiting_full_ms;    /* of that, while somebody waited */
    size_t granted,
        granted_late; /* locks within the time, and those of them that were waited for */
    size_t waits;     /* grants that had to be waited for, within the time */
    struct lengths wait;
    size_t refused, left;   /* requests that would not wait; waits that ended without a grant */
    double *held, *waiting; /* means of each part of the time, where parts were asked for */
};

/* Begins a report about the time from `since_ms` to `until_ms`, since 1970.  NULL with ENOMEM. */
struct report *report_create(enum report_by by, int64_t since_ms, int64_t until_ms);
void report_destroy(struct report *report);

/* The login of a uid, for the caller to free(3); NULL: it has none. */
typedef char *report_login_fn(uint32_t uid);

/* Has proven users named so; without it, and without a login, they are "1000". */
void report_name_users(struct report *report, report_login_fn *login_of);

/* Reports on a pool, "vcs[1-8]", or by its name one that the server has: only what concerns the
 * pools counts then, and by lock each pool is a group.  Returns -1 with errno and a line in
 * `error`.
 */
int report_add_pool(struct report *report, const char *pool, char *error, size_t error_size);

/* Has each group told by parts of so long.  Before the first entry.  Returns -1 with errno: ENOMEM;
 * E2BIG: there would be more than PARTS_MOST. */
int report_divide(struct report *report, int64_t step_ms);
const struct parts *report_parts(const struct report *report);

/* Adds an entry: in the order of their ends, the last one first, as then a report takes no more
 * memory than what goes on at one instant.  One that lasts still has an `ended_ms` of 0.  Returns
 * -1 with errno: ENOMEM; EFBIG, it takes too much.
 */
int report_add(struct report *report, const struct store_history *entry);

/* Forgets all entries. */
void report_empty(struct report *report);

/* Says how many seats a pool that the server has comprises; behind all entries.  Returns -1 with
 * errno ENOMEM. */
int report_tell_seats(struct report *report, const char *pool, size_t seats);

/* Says that a lock is out of use now.  Returns -1 with errno ENOMEM. */
int report_tell_offline(struct report *report, const struct offline_lock *lock);

/* What of that is within what it is about; good once the report is finished. */
const struct offline_list *report_offline(const struct report *report);

/* Works out all groups, those with the most use first.  They belong to the report.  NULL with errno
 * ENOMEM; *count is written.
 */
const struct report_group *report_finish(struct report *report, size_t *count);

/* All groups together, once the report is finished. */
const struct report_group *report_total(const struct report *report);

/* What is missing in the history that it is made of, for its source to add to. */
struct hole_list *report_holes(struct report *report);

/* What was broken within the time; good once the report is finished. */
const struct break_list *report_breaks(const struct report *report);

/* Whether it is about pools that were named. */
bool report_has_pools(const struct report *report);
int64_t report_since_ms(const struct report *report);
int64_t report_until_ms(const struct report *report);
enum report_by report_by(const struct report *report);
/* One of REPORT_BY_WORDS. */
const char *report_by_name(enum report_by by);

#endif
