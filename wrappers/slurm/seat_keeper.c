/* Slurm, as locksync tells it of seats: by a reservation of licenses.
 * Must not touch any reservation but its own. */
#include "seat_keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "cli/message.h"
#include "job/slurm_id.h"
#include "reservation.h"

enum { LEASE_MIN_S = 600 };

struct keeper {
    struct reservation *reservation;
    bool may_be_left; /* there may be a reservation of ours, even if Slurm's answer did not come */

    /* The reservation as we have left it, to notice whether somebody else changes it. */
    bool has_written, has_told_of_other;
    int64_t written_end_s; /* 0: there is none */
};

static void *create(void)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);

    if (keeper == NULL)
        return NULL;
    keeper->reservation = reservation_create();
    if (keeper->reservation != NULL)
        return keeper;
    free(keeper);
    return NULL;
}

static void destroy(void *context)
{
    struct keeper *keeper = context;

    if (keeper != NULL)
        reservation_destroy(keeper->reservation);
    free(keeper);
}

static struct seat_maps *maps(void *context)
{
    return &((struct keeper *)context)->reservation->maps;
}

static int fail(char error[SEAT_ERROR_SIZE], const char *why)
{
    return seat_keeper_fail(error, EX_UNAVAILABLE, "slurmctld: %s", why);
}

/* A reservation that has ended by itself was nobody's doing. */
static void warn_of_other(struct keeper *keeper)
{
    const struct reservation *reservation = keeper->reservation;
    bool has_ended = !reservation->exists && keeper->written_end_s <= time(NULL);
    bool is_ours = reservation->exists && reservation->end_s == keeper->written_end_s &&
                   seat_maps_equal(&reservation->maps, reservation->licenses);

    if (!keeper->has_written || keeper->has_told_of_other || is_ours || has_ended)
        return;
    keeper->has_told_of_other = true;
    cli_error("locksync", 0,
              "somebody else changes the reservation %s: if that is another locksync, give one of "
              "them another name with --reservation",
              reservation->name);
}

static int look(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;
    struct reservation *reservation = keeper->reservation;
    char why[CHILD_ERROR_SIZE];
    bool is_elsewhere;

    snprintf(reservation->name, sizeof reservation->name, "%s", terms->name);
    if (reservation_look(reservation, terms->deadline_ms, why) != 0)
        return fail(error, why);
    is_elsewhere = terms->cluster != NULL && strcasecmp(terms->cluster, reservation->cluster) != 0;
    keeper->may_be_left = reservation->exists && !reservation->has_nodes && !is_elsewhere;
    if (is_elsewhere)
        return seat_keeper_fail(error, EX_UNAVAILABLE,
                                "slurmctld is that of cluster %s, not of %s: set SLURM_CONF",
                                reservation->cluster, terms->cluster);
    if (reservation->exists && reservation->has_nodes)
        return seat_keeper_fail(error, EX_USAGE,
                                "the reservation %s has nodes, so that it is somebody else's; give "
                                "another name with --reservation",
                                reservation->name);
    for (size_t i = 0; i < reservation->maps.count; i++) {
        if (reservation->maps.maps[i].total == 0)
            return seat_keeper_fail(
                error, EX_USAGE,
                "Slurm has no license %s; correct --map, or Licenses in slurm.conf",
                reservation->maps.maps[i].license);
    }
    warn_of_other(keeper);
    return 0;
}

static bool is_inside(const void *context, const struct seat_terms *terms, const char *text)
{
    const struct keeper *keeper = context;
    struct slurm_job job;

    if (!slurm_id_is_ours(text) || !slurm_id_parse(text, &job))
        return false;
    return job.cluster[0] != '\0' ? strcasecmp(job.cluster, keeper->reservation->cluster) == 0
                                  : terms->takes_bare;
}

/* Long enough that a look which fails does no harm, and short enough that what a killed locksync
 * has left is soon gone. */
static int64_t lease_s(const struct seat_terms *terms)
{
    int64_t ten_looks_s = terms->interval_ms / 100;

    return ten_looks_s > LEASE_MIN_S ? ten_looks_s : LEASE_MIN_S;
}

static bool is_right(const struct keeper *keeper, const struct seat_terms *terms, int64_t now_s)
{
    const struct reservation *reservation = keeper->reservation;

    if (reservation->wanted[0] == '\0')
        return !reservation->exists;
    return reservation->exists && seat_maps_equal(&reservation->maps, reservation->licenses) &&
           reservation->end_s - now_s > lease_s(terms) / 2;
}

static int set_aside(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;
    struct reservation *reservation = keeper->reservation;
    int64_t now_s = time(NULL);
    char why[CHILD_ERROR_SIZE];
    int result;

    seat_maps_format(&reservation->maps, reservation->wanted);
    if (is_right(keeper, terms, now_s))
        return 0;
    reservation->wanted_end_s = now_s + lease_s(terms);
    keeper->has_written = false;
    keeper->may_be_left = true;
    if (reservation->wanted[0] != '\0')
        result = reservation_put(reservation, terms->deadline_ms, why);
    else
        result = reservation_drop(reservation, terms->deadline_ms, why);
    if (result != 0)
        return fail(error, why);
    reservation->exists = reservation->wanted[0] != '\0';
    keeper->may_be_left = reservation->exists;
    keeper->has_written = true;
    keeper->written_end_s = reservation->exists ? reservation->wanted_end_s : 0;
    return 0;
}

static int end(void *context, const struct seat_terms *terms, char error[SEAT_ERROR_SIZE])
{
    struct keeper *keeper = context;
    char why[CHILD_ERROR_SIZE];

    if (!keeper->may_be_left || reservation_drop(keeper->reservation, terms->deadline_ms, why) == 0)
        return 0;
    return seat_keeper_fail(error, EX_UNAVAILABLE,
                            "slurmctld: %s; the reservation %s is left, and ends by itself", why,
                            keeper->reservation->name);
}

const struct seat_keeper slurm_seat_keeper = {
    .scheduler = "slurm",
    .create = create,
    .destroy = destroy,
    .maps = maps,
    .look = look,
    .is_inside = is_inside,
    .set_aside = set_aside,
    .end = end,
};
