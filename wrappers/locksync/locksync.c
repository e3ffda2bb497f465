/* locksync(8): sets aside in Slurm the licences whose seats lockerd has given to others.
 * Must not touch any reservation but its own. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/error_text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/sd_notify.h"
#include "cli/server_option.h"
#include "ipclocker.h"
#include "reservation.h"
#include "slurm/job_claims.h"
#include "slurm/outage.h"
#include "slurm/stop.h"

enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000, LEASE_MIN_S = 600, ERROR_SIZE = 1024 };

struct sync {
    struct ipclocker *lock;
    struct reservation *reservation;
    const char *cluster, *host, *port;
    bool once, bare, dry_run, json;
    int64_t interval_ms, deadline_ms;
    bool has_told;
    char told[SEAT_TEXT_SIZE];       /* what was last said to be set aside */
    char told_short[SEAT_TEXT_SIZE]; /* what Slurm was last said to have too few of */

    bool may_be_left; /* there may be a reservation of ours, even if Slurm's answer did not come */

    /* The reservation as we have left it, to notice whether somebody else changes it. */
    bool has_written, has_told_of_other;
    int64_t written_end_s; /* 0: there is none */
};

static int take_map(void *context, const char *argument)
{
    struct sync *sync = context;
    char error[256];

    if (seat_maps_add(&sync->reservation->maps, argument, error, sizeof error) == 0)
        return 0;
    return cli_error("locksync", EX_USAGE, "--map %s", error);
}

static int take_name(void *context, const char *name)
{
    struct sync *sync = context;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strlen(name);

    if (len == 0 || len >= sizeof sync->reservation->name || strspn(name, allowed) != len)
        return cli_error("locksync", EX_USAGE, "--reservation %s: this is no fit name", name);
    memcpy(sync->reservation->name, name, len + 1);
    return 0;
}

#define SETTINGS struct sync
static const struct option_spec options[] = {
    OPT_CALL("map", "LICENSE=LOCKS", take_map, "these locks are seats of this license of Slurm's",
             .letter = 'm', .repeats = true),
    OPT_SECONDS("interval", interval_ms, 100, DAY_MS, "how often to look (10)", .letter = 'i'),
    OPT_FLAG("once", once, "set aside once, for ten minutes"),
    OPT_CALL("reservation", "NAME", take_name, "how Slurm calls it (farmlock)"),
    OPT_TEXT("cluster", "NAME", cluster, "for this cluster only", .letter = 'M'),
    OPT_FLAG("bare", bare, "take ids without a cluster's name for this cluster's"),
    OPT_FLAG("dry-run", dry_run, "only say what would be set aside", .letter = 'n'),
    OPT_FLAG("json", json, "print JSON"),
    OPT_SECONDS("timeout", deadline_ms, 100, HOUR_MS, "how long Slurm may take to answer (10)"),
    OPT_TEXT("host", "HOST", host, "ask the lock server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "locksync",
    .usage = "locksync --map LICENSE=LOCKS [OPTION]...",
    .summary = "Sets aside in Slurm, by a reservation of licenses, the seats that lockerd has "
               "given to others than the cluster's jobs.",
    .options = options,
    .notes = "See locksync(8).",
};

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct sync *sync, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, sync, &words);

    if (status >= 0)
        return status;
    if (sync->reservation->maps.count == 0)
        return cli_error("locksync", EX_USAGE,
                         "nothing to set aside; give --map LICENSE=LOCKS, such as vcs='vcs[1-8]'");
    return -1;
}

static int explain(char error[ERROR_SIZE], int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int explain(char error[ERROR_SIZE], int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, ERROR_SIZE, format, args);
    va_end(args);
    return status;
}

static int explain_slurm(char error[ERROR_SIZE], const char *why)
{
    return explain(error, EX_UNAVAILABLE, "slurmctld: %s", why);
}

/* Sees what Slurm has, and whether that is what we were told to expect. */
static int look(struct sync *sync, char error[ERROR_SIZE])
{
    struct reservation *reservation = sync->reservation;
    char why[SLURM_CALL_ERROR_SIZE];
    bool is_elsewhere;

    if (reservation_look(reservation, sync->deadline_ms, why) != 0)
        return explain_slurm(error, why);
    is_elsewhere = sync->cluster != NULL && strcasecmp(sync->cluster, reservation->cluster) != 0;
    sync->may_be_left = reservation->exists && !reservation->has_nodes && !is_elsewhere;
    if (is_elsewhere)
        return explain(error, EX_UNAVAILABLE,
                       "slurmctld is that of cluster %s, not of %s: set SLURM_CONF",
                       reservation->cluster, sync->cluster);
    if (reservation->exists && reservation->has_nodes)
        return explain(error, EX_USAGE,
                       "the reservation %s has nodes, so that it is somebody else's; give another "
                       "name with --reservation",
                       reservation->name);
    for (size_t i = 0; i < reservation->maps.count; i++) {
        if (reservation->maps.maps[i].total == 0)
            return explain(error, EX_USAGE,
                           "Slurm has no license %s; correct --map, or Licenses in slurm.conf",
                           reservation->maps.maps[i].license);
    }
    return 0;
}

static int count(struct sync *sync, char error[ERROR_SIZE])
{
    struct reservation *reservation = sync->reservation;
    char *json = ipclocker_lock_list_json(sync->lock);
    struct job_claims claims;
    int result;

    if (json == NULL)
        return explain(error, EX_UNAVAILABLE, "%s", ipclocker_error(sync->lock));
    result = job_claims_parse(&claims, json);
    free(json);
    if (result != 0)
        return explain(error, EX_UNAVAILABLE,
                       "the lock server tells of no jobs: it is a classic one, or of another "
                       "version");
    seat_maps_count(&reservation->maps, &claims, reservation->cluster, sync->bare);
    job_claims_fini(&claims);
    seat_maps_format(&reservation->maps, reservation->wanted);
    return 0;
}

static void tell_json(const struct sync *sync)
{
    const struct seat_maps *maps = &sync->reservation->maps;

    printf("{\"version\":1,\"dry_run\":%s,\"reservation\":\"%s\",\"licenses\":{",
           sync->dry_run ? "true" : "false", sync->reservation->name);
    for (size_t i = 0; i < maps->count; i++)
        printf("%s\"%s\":%u", i > 0 ? "," : "", maps->maps[i].license, maps->maps[i].outside);
    puts("}}");
}

/* Says what is set aside, if that is news. */
static void tell(struct sync *sync)
{
    const char *wanted = sync->reservation->wanted;

    if (sync->has_told && strcmp(sync->told, wanted) == 0)
        return;
    sync->has_told = true;
    memcpy(sync->told, wanted, sizeof sync->told);
    if (sync->json)
        tell_json(sync);
    else
        printf("%s: %s%s\n", sync->reservation->name, wanted[0] != '\0' ? wanted : "nothing",
               sync->dry_run ? " would be set aside" : " is set aside");
    fflush(stdout);
}

static void warn_of_shortage(struct sync *sync)
{
    char now[SEAT_TEXT_SIZE];

    seat_maps_format_short(&sync->reservation->maps, now);
    if (strcmp(sync->told_short, now) == 0)
        return;
    memcpy(sync->told_short, now, sizeof now);
    if (now[0] != '\0')
        cli_error("locksync", 0,
                  "others hold more seats than Slurm has licenses: %s; no more can be set aside: "
                  "correct --map, or Licenses in slurm.conf",
                  now);
}

/* To be called before seats are counted anew.  A reservation that has ended by itself was nobody's
 * doing. */
static void warn_of_other(struct sync *sync)
{
    const struct reservation *reservation = sync->reservation;
    bool has_ended = !reservation->exists && sync->written_end_s <= time(NULL);
    bool is_ours = reservation->exists && reservation->end_s == sync->written_end_s &&
                   seat_maps_equal(&reservation->maps, reservation->licenses);

    if (!sync->has_written || sync->has_told_of_other || is_ours || has_ended)
        return;
    sync->has_told_of_other = true;
    cli_error("locksync", 0,
              "somebody else changes the reservation %s: if that is another locksync, give one of "
              "them another name with --reservation",
              reservation->name);
}

/* Long enough that a look which fails does no harm, and short enough that what a killed locksync
 * has left is soon gone. */
static int64_t lease_s(const struct sync *sync)
{
    int64_t ten_looks_s = sync->interval_ms / 100;

    return ten_looks_s > LEASE_MIN_S ? ten_looks_s : LEASE_MIN_S;
}

static bool is_right(const struct sync *sync, int64_t now_s)
{
    const struct reservation *reservation = sync->reservation;

    if (reservation->wanted[0] == '\0')
        return !reservation->exists;
    return reservation->exists && seat_maps_equal(&reservation->maps, reservation->licenses) &&
           reservation->end_s - now_s > lease_s(sync) / 2;
}

static int set_aside(struct sync *sync, char error[ERROR_SIZE])
{
    struct reservation *reservation = sync->reservation;
    int64_t now_s = time(NULL);
    char why[SLURM_CALL_ERROR_SIZE];
    int result;

    if (sync->dry_run || is_right(sync, now_s))
        return 0;
    reservation->wanted_end_s = now_s + lease_s(sync);
    sync->has_written = false;
    sync->may_be_left = true;
    if (reservation->wanted[0] != '\0')
        result = reservation_put(reservation, sync->deadline_ms, why);
    else
        result = reservation_drop(reservation, sync->deadline_ms, why);
    if (result != 0)
        return explain_slurm(error, why);
    reservation->exists = reservation->wanted[0] != '\0';
    sync->may_be_left = reservation->exists;
    sync->has_written = true;
    sync->written_end_s = reservation->exists ? reservation->wanted_end_s : 0;
    return 0;
}

static int synchronise(struct sync *sync, char error[ERROR_SIZE])
{
    int status = look(sync, error);

    if (status == 0)
        warn_of_other(sync);
    if (status == 0)
        status = count(sync, error);
    if (status == 0)
        status = set_aside(sync, error);
    if (status == 0) {
        tell(sync);
        warn_of_shortage(sync);
    }
    return status;
}

static int serve(struct sync *sync)
{
    struct outage trouble = {.program = "locksync"};
    char error[ERROR_SIZE], why[SLURM_CALL_ERROR_SIZE];
    int status = synchronise(sync, error);

    /* What is wrong in the command line stays wrong; a server may come back. */
    if (status == EX_USAGE)
        return cli_error("locksync", status, "%s", error);
    if (sd_notify_send("READY=1") != 0)
        cli_error("locksync", 0, "cannot tell systemd: %s", error_text(errno));
    while (true) {
        if (!stop_wanted())
            outage_tell(&trouble, status != 0 ? error : NULL);
        if (stop_wanted() || stop_poll(-1, sync->interval_ms) != 0)
            break;
        status = synchronise(sync, error);
    }
    stop_accept();
    if (sync->dry_run || !sync->may_be_left ||
        reservation_drop(sync->reservation, sync->deadline_ms, why) == 0)
        return 0;
    return cli_error("locksync", EX_UNAVAILABLE,
                     "slurmctld: %s; the reservation %s is left, and ends by itself", why,
                     sync->reservation->name);
}

static int run(struct sync *sync)
{
    char error[ERROR_SIZE];
    int status = server_option_use("locksync", sync->lock, sync->host, sync->port);

    if (status != 0)
        return status;
    stop_init();
    if (!sync->once)
        return serve(sync);
    status = synchronise(sync, error);
    return status == 0 ? 0 : cli_error("locksync", status, "%s", error);
}

int main(int argc, char **argv)
{
    struct sync sync = {.interval_ms = 10000,
                        .deadline_ms = 10000,
                        .lock = ipclocker_create(),
                        .reservation = reservation_create()};
    int status;

    if (sync.lock == NULL || sync.reservation == NULL) {
        status = cli_error("locksync", EX_OSERR, "%s", error_text(errno));
    } else {
        strcpy(sync.reservation->name, "farmlock");
        status = parse_options(&sync, argc, argv);
        if (status < 0)
            status = run(&sync);
    }
    reservation_destroy(sync.reservation);
    ipclocker_destroy(sync.lock);
    return status;
}
