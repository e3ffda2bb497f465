/* How a scheduler learns that others hold seats, as locksync tells each of them. */
#ifndef FARMLOCK_SCHEDULER_SEAT_KEEPER_H
#define FARMLOCK_SCHEDULER_SEAT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "seat_map.h"

enum { SEAT_ERROR_SIZE = 1024 };

/* What locksync was told. */
struct seat_terms {
    const char *name;    /* how the scheduler calls what is set aside, where that has a name */
    const char *cluster; /* what it must say that it is; NULL: whatever it says */
    bool takes_bare;     /* ids without a cluster are this one's */
    bool dry_run;
    int64_t interval_ms, deadline_ms;
};

/* Functions return 0 or the status to exit with, and `error` says who has failed and why; 64
 * (EX_USAGE) is for what the administrator has to mend. */
struct seat_keeper {
    const char *scheduler; /* "slurm" */
    const char *title;     /* what licences are set aside in, in place of a name; NULL: the name */

    /* In memory that a child shares (child.h), begun with its maps.  NULL with errno. */
    void *(*create)(void);
    void (*destroy)(void *keeper);
    struct seat_maps *(*maps)(void *keeper);

    /* Sees what there is, and fills in the totals of the maps.  To be called before seats are
     * counted anew. */
    int (*look)(void *keeper, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE]);

    /* Whether a job, as its lock carries it, is the scheduler's own, which it has counted. */
    bool (*is_inside)(const void *keeper, const struct seat_terms *terms, const char *job);

    /* Has as many set aside as the maps have outside. */
    int (*set_aside)(void *keeper, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE]);

    /* Sets nothing aside any more, as a service that ends. */
    int (*end)(void *keeper, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE]);
};

/* Writes an error and returns the status. */
int seat_keeper_fail(char error[SEAT_ERROR_SIZE], int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
