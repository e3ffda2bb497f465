/* What a farm did with its locks: use over time, waits and refusals, from the history of a lock
 * server.  Pure: entries go in, groups come out.
 */
#ifndef FARMLOCK_LOCKREPORT_REPORT_H
#define FARMLOCK_LOCKREPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ipclocker.h"
#include "store/store.h"

enum report_by { REPORT_BY_LOCK, REPORT_BY_USER, REPORT_BY_HOST, REPORT_BY_JOB };
#define REPORT_BY_WORDS "lock|user|host|job" /* in that order */

enum { REPORT_SLOTS = 32 }; /* of the plot */

struct report;

/* One line of the report. */
struct report_group {
    char *name;
    size_t capacity; /* locks in the pool; 0 where that says nothing */
    size_t holds;    /* that were going on at some time of the report */
    int64_t busy_ms; /* of all holds together, within the report's time */
    size_t peak;     /* most at one instant */
    double mean;
    double slots[REPORT_SLOTS]; /* the mean of each part of the time */
    size_t waits;               /* grants that had to be waited for, within the time */
    int64_t wait_median_ms, wait_p90_ms, wait_worst_ms;
    size_t refused, left; /* requests that would not wait; waits that ended without a grant */
};

/* Begins a report about the time from `since_ms` to `until_ms`, since 1970.  NULL with ENOMEM. */
struct report *report_create(enum report_by by, int64_t since_ms, int64_t until_ms);
void report_destroy(struct report *report);

/* Reports on a pool, "vcs[1-8]": only what concerns the pools counts then, and by lock each pool is
 * a group.  Returns -1 with errno and a line in `error`.
 */
int report_add_pool(struct report *report, const char *pool, char *error, size_t error_size);

/* Adds an entry, in any order.  One that lasts still has an `ended_ms` of 0.  Returns -1 with errno
 * ENOMEM.
 */
int report_add(struct report *report, const struct store_history *entry);

/* Works out all groups, those with the most use first.  They belong to the report.  NULL with errno
 * ENOMEM; *count is written.
 */
const struct report_group *report_finish(struct report *report, size_t *count);

int64_t report_since_ms(const struct report *report);
int64_t report_until_ms(const struct report *report);
enum report_by report_by(const struct report *report);
/* "lock", "user", "host" or "job". */
const char *report_by_name(enum report_by by);

/* For what a source of entries says when it fails. */
enum { REPORT_ERROR_SIZE = 640 };

#endif
