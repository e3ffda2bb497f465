/* locksync(8): sets aside in a scheduler the licences whose seats lockerd has given to others.
 * Must not know how a scheduler does that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/error_text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/sd_notify.h"
#include "cli/server_option.h"
#include "ipclocker.h"
#include "keepers.h"
#include "scheduler/job_claims.h"
#include "scheduler/outage.h"
#include "scheduler/seat_keeper.h"
#include "scheduler/stop.h"

enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000, NAME_MAX_LEN = 64, TEXTS_MAX = 128 };

struct sync {
    struct ipclocker *lock;
    unsigned scheduler; /* of keepers.h */
    const struct seat_keeper *ops;
    void *keeper;
    struct seat_terms terms;
    const char *texts[TEXTS_MAX]; /* of --map: the scheduler may be named behind */
    size_t text_count;
    const char *host, *port;
    bool once, json;
    bool has_told;
    char told[SEAT_TEXT_SIZE];       /* what was last said to be set aside */
    char told_short[SEAT_TEXT_SIZE]; /* what there was last said to be too few of */
};

static int take_map(void *context, const char *argument)
{
    struct sync *sync = context;

    if (sync->text_count == TEXTS_MAX)
        return cli_error("locksync", EX_USAGE, "--map: more than %d", TEXTS_MAX);
    sync->texts[sync->text_count++] = argument;
    return 0;
}

static int take_name(void *context, const char *name)
{
    struct sync *sync = context;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strlen(name);

    if (len == 0 || len > NAME_MAX_LEN || strspn(name, allowed) != len)
        return cli_error("locksync", EX_USAGE, "--reservation %s: this is no fit name", name);
    sync->terms.name = name;
    return 0;
}

#define SETTINGS struct sync
static const struct option_spec options[] = {
    OPT_CALL("map", "LICENSE=LOCKS", take_map,
             "these locks are seats of this license, or consumable", .letter = 'm',
             .repeats = true),
    OPT_WORD("scheduler", "NAME", scheduler, KEEPERS_WORDS, "whose licenses these are (slurm)",
             .letter = 'S'),
    OPT_SECONDS("interval", terms.interval_ms, 100, DAY_MS, "how often to look (10)",
                .letter = 'i'),
    OPT_FLAG("once", once, "set aside once; in Slurm for ten minutes"),
    OPT_CALL("reservation", "NAME", take_name, "how Slurm calls it (farmlock)"),
    OPT_TEXT("cluster", "NAME", terms.cluster, "for this cluster only", .letter = 'M'),
    OPT_FLAG("bare", terms.takes_bare, "take ids without a cluster's name for this cluster's"),
    OPT_FLAG("dry-run", terms.dry_run, "only say what would be set aside", .letter = 'n'),
    OPT_FLAG("json", json, "print JSON"),
    OPT_SECONDS("timeout", terms.deadline_ms, 100, HOUR_MS,
                "how long the scheduler may take to answer (10)"),
    OPT_TEXT("host", "HOST", host, "ask the lock server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "locksync",
    .usage = "locksync --map LICENSE=LOCKS [OPTION]...",
    .summary = "Sets aside in Slurm, by a reservation of licenses, or in Grid Engine, by its "
               "consumables, the seats that lockerd has given to others than its jobs.",
    .options = options,
    .notes = "See locksync(8).",
};

/* Returns 0, or the status to exit with. */
static int add_maps(struct sync *sync)
{
    char error[256];

    for (size_t i = 0; i < sync->text_count; i++) {
        if (seat_maps_add(sync->ops->maps(sync->keeper), sync->texts[i], error, sizeof error) != 0)
            return cli_error("locksync", EX_USAGE, "--map %s", error);
    }
    return 0;
}

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct sync *sync, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, sync, &words);

    if (status >= 0)
        return status;
    if (sync->text_count == 0)
        return cli_error("locksync", EX_USAGE,
                         "nothing to set aside; give --map LICENSE=LOCKS, such as vcs='vcs[1-8]'");
    sync->ops = keepers_find(sync->scheduler);
    if (sync->ops == NULL)
        return cli_error("locksync", EX_USAGE,
                         "this locksync was built without Slurm; say --scheduler sge");
    sync->keeper = sync->ops->create();
    if (sync->keeper == NULL)
        return cli_error("locksync", EX_OSERR, "%s", error_text(errno));
    status = add_maps(sync);
    return status == 0 ? -1 : status;
}

static bool is_inside(const void *context, const char *job)
{
    const struct sync *sync = context;

    return sync->ops->is_inside(sync->keeper, &sync->terms, job);
}

static int count(struct sync *sync, char error[SEAT_ERROR_SIZE])
{
    char *json = ipclocker_lock_list_json(sync->lock);
    struct job_claims claims;
    int number;

    if (json == NULL)
        return seat_keeper_fail(error, EX_UNAVAILABLE, "%s", ipclocker_error(sync->lock));
    number = job_claims_parse(&claims, json) != 0 ? errno : 0;
    free(json);
    if (number != 0)
        return seat_keeper_fail(error, EX_UNAVAILABLE, "%s", job_claims_error(number));
    seat_maps_count(sync->ops->maps(sync->keeper), &claims, is_inside, sync);
    job_claims_fini(&claims);
    return 0;
}

static const char *title(const struct sync *sync)
{
    return sync->ops->title != NULL ? sync->ops->title : sync->terms.name;
}

static void tell_json(const struct sync *sync)
{
    const struct seat_maps *maps = sync->ops->maps(sync->keeper);

    printf("{\"version\":1,\"dry_run\":%s,\"reservation\":\"%s\",\"licenses\":{",
           sync->terms.dry_run ? "true" : "false", title(sync));
    for (size_t i = 0; i < maps->count; i++)
        printf("%s\"%s\":%u", i > 0 ? "," : "", maps->maps[i].license, maps->maps[i].outside);
    puts("}}");
}

/* Says what is set aside, if that is news. */
static void tell(struct sync *sync)
{
    char now[SEAT_TEXT_SIZE];

    seat_maps_format(sync->ops->maps(sync->keeper), now);
    if (sync->has_told && strcmp(sync->told, now) == 0)
        return;
    sync->has_told = true;
    memcpy(sync->told, now, sizeof now);
    if (sync->json)
        tell_json(sync);
    else
        printf("%s: %s%s\n", title(sync), now[0] != '\0' ? now : "nothing",
               sync->terms.dry_run ? " would be set aside" : " is set aside");
    fflush(stdout);
}

static void warn_of_shortage(struct sync *sync)
{
    char now[SEAT_TEXT_SIZE];

    seat_maps_format_short(sync->ops->maps(sync->keeper), now);
    if (strcmp(sync->told_short, now) == 0)
        return;
    memcpy(sync->told_short, now, sizeof now);
    if (now[0] != '\0')
        cli_error("locksync", 0,
                  "others hold more seats than Slurm has licenses: %s; no more can be set aside: "
                  "correct --map, or Licenses in slurm.conf",
                  now);
}

static int synchronise(struct sync *sync, char error[SEAT_ERROR_SIZE])
{
    int status = sync->ops->look(sync->keeper, &sync->terms, error);

    if (status == 0)
        status = count(sync, error);
    if (status == 0 && !sync->terms.dry_run)
        status = sync->ops->set_aside(sync->keeper, &sync->terms, error);
    if (status == 0) {
        tell(sync);
        warn_of_shortage(sync);
    }
    return status;
}

static int serve(struct sync *sync)
{
    struct outage trouble = {.program = "locksync"};
    char error[SEAT_ERROR_SIZE];
    int status = synchronise(sync, error);

    /* What is wrong in the command line stays wrong; a server may come back. */
    if (status == EX_USAGE)
        return cli_error("locksync", status, "%s", error);
    if (sd_notify_send("READY=1") != 0)
        cli_error("locksync", 0, "cannot tell systemd: %s", error_text(errno));
    while (true) {
        if (!stop_wanted())
            outage_tell(&trouble, status != 0 ? error : NULL);
        if (stop_wanted() || stop_poll(-1, sync->terms.interval_ms) != 0)
            break;
        status = synchronise(sync, error);
    }
    stop_accept();
    status = sync->terms.dry_run ? 0 : sync->ops->end(sync->keeper, &sync->terms, error);
    return status == 0 ? 0 : cli_error("locksync", status, "%s", error);
}

static int run(struct sync *sync)
{
    char error[SEAT_ERROR_SIZE];
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
    struct sync sync = {
        .terms = {.name = "farmlock", .interval_ms = 10000, .deadline_ms = 10000},
        .lock = ipclocker_create(),
    };
    int status;

    if (sync.lock == NULL) {
        status = cli_error("locksync", EX_OSERR, "%s", error_text(errno));
    } else {
        status = parse_options(&sync, argc, argv);
        if (status < 0)
            status = run(&sync);
    }
    if (sync.ops != NULL)
        sync.ops->destroy(sync.keeper);
    ipclocker_destroy(sync.lock);
    return status;
}
