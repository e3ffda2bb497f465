/* Which locks are seats of which licence of a scheduler's, and how many are out of its hands. */
#ifndef FARMLOCK_SCHEDULER_SEAT_MAP_H
#define FARMLOCK_SCHEDULER_SEAT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/name_list.h"
#include "job_claims.h"

enum { SEAT_MAPS_MAX = 64, SEAT_LICENSE_SIZE = 65, SEAT_TEXT_SIZE = 8192 };

struct seat_map {
    char license[SEAT_LICENSE_SIZE]; /* as the scheduler calls it */
    struct name_list locks;
    uint32_t total;   /* how many of it the scheduler has */
    uint32_t outside; /* how many seats others hold, at most `total` */
    bool is_short;    /* more are held, so that `outside` is `total` */
};

/* All zero is empty. */
struct seat_maps {
    struct seat_map maps[SEAT_MAPS_MAX];
    size_t count;
};

/* Adds "LICENSE=LOCKS", such as "vcs=vcs[1-8]".  Returns 0; or -1 with errno, nothing changed, and
 * one line in `error`:
 *
 *   EINVAL  not of this form, no fit name for a licence (letters, digits, '.', '_', '-', '@'), one
 *           that is mapped already, or a list of locks that name_list_append() refuses
 *   E2BIG   more than SEAT_MAPS_MAX licences, or too many locks
 *   ENOMEM
 */
int seat_maps_add(struct seat_maps *maps, const char *text, char *error, size_t error_size);
void seat_maps_fini(struct seat_maps *maps);

/* Whether a job, as its lock carries it, is one that the scheduler has counted. */
typedef bool seat_inside_fn(const void *context, const char *job);

/* Counts, for each licence, the locks that somebody holds who is no such job. */
void seat_maps_count(struct seat_maps *maps, const struct job_claims *claims,
                     seat_inside_fn *is_inside, const void *context);

/* Writes what is outside as Slurm writes licences: "vcs:3,hsim:1"; "" for nothing. */
void seat_maps_format(const struct seat_maps *maps, char out[SEAT_TEXT_SIZE]);

/* Writes which licences Slurm has too few of, and how many: "hsim 2 of 3"; "" for none. */
void seat_maps_format_short(const struct seat_maps *maps, char out[SEAT_TEXT_SIZE]);

/* Whether a text of Slurm's says the same, in any order. */
bool seat_maps_equal(const struct seat_maps *maps, const char *licenses);

#endif
