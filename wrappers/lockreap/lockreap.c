/* lockreap(8): gives back what jobs of a scheduler's hold in lockerd that are over.
 * Must not release anything of a job that may still be there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/name_list.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/sd_notify.h"
#include "cli/server_option.h"
#include "job/slurm_id.h"
#include "named.h"
#include "outcome.h"
#include "print.h"
#include "reap.h"
#include "scheduler/outage.h"
#include "scheduler/stop.h"
#include "settings.h"
#include "sources.h"

enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000 };

/* Seconds since 1970, as date +%s.%N prints them, or as the lock server's list has times. */
static int take_before(void *context, const char *text)
{
    struct settings *settings = context;
    char shown[MESSAGE_EXCERPT_SIZE];

    if (rfc3339_parse(text, &settings->before_ms) != 0 &&
        number_parse_seconds(text, INT64_MAX / 2, &settings->before_ms) != 0)
        return cli_error("lockreap", EX_USAGE,
                         "--before %s: give seconds since 1970, as date +%%s.%%N prints them, or "
                         "2026-11-22T17:28:05.123Z",
                         message_excerpt(shown, text, strlen(text)));
    settings->has_before = true;
    return 0;
}

/* This host's name as its processes tell it to the lock server. */
static int name_this_host(struct name_list *hosts)
{
    char own[256] = "";

    for (size_t i = 0; i < hosts->count; i++) {
        char *name;

        if (strcasecmp(hosts->names[i], "localhost") != 0)
            continue;
        if (gethostname(own, sizeof own - 1) != 0 || (name = strdup(own)) == NULL)
            return -1;
        free(hosts->names[i]);
        hosts->names[i] = name;
    }
    return 0;
}

static int take_on(void *context, const char *text)
{
    struct settings *settings = context;
    char error[128], shown[MESSAGE_EXCERPT_SIZE];

    if (name_list_append(&settings->on, text, error, sizeof error) != 0)
        return cli_error("lockreap", EX_USAGE, "--on %s: %s",
                         message_excerpt(shown, text, strlen(text)), error);
    if (name_this_host(&settings->on) != 0)
        return cli_error("lockreap", EX_OSERR, "%s", error_text(errno));
    settings->reap.hosts = (const char *const *)settings->on.names;
    settings->reap.host_count = settings->on.count;
    return 0;
}

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_TEXT("job", "ID", job,
             "release what this job has, such as 4711_3@lab, sge:5.3, lsf:7[3], pbs:12.server",
             .letter = 'j'),
    OPT_FLAG("epilog", epilog, "the same for the job that EpilogSlurmctld runs for"),
    OPT_TEXT("ended-from", "FILE", ended_from, "the same for each line of FILE; - is the input",
             .completion = COMPLETE_FILE),
    OPT_CALL("before", "TIME", take_before,
             "only what was asked for before: an epilog's start, as of date +%s.%N"),
    OPT_CALL("on", "HOSTS", take_on,
             "only what was asked for there: a run's hosts, localhost being this one"),
    OPT_WORD("scheduler", "NAME", scheduler, SOURCES_WORDS, "whom to ask who is over (slurm)",
             .letter = 'S'),
    OPT_SECONDS("interval", interval_ms, 100, DAY_MS, "look again and again, as a service",
                .letter = 'i'),
    OPT_TEXT("cluster", "NAME", reap.cluster, "release for jobs of this cluster only",
             .letter = 'M'),
    OPT_FLAG("bare", reap.takes_bare, "take ids without a cluster's name for this cluster's"),
    OPT_FLAG("dry-run", reap.dry_run, "only say what would be released", .letter = 'n'),
    OPT_FLAG("json", json, "print JSON"),
    OPT_SECONDS("timeout", reap.deadline_ms, 100, HOUR_MS,
                "how long the scheduler may take to answer (10)"),
    OPT_SECONDS("clock-skew", reap.skew_ms, 0, DAY_MS,
                "how far lockerd's and the scheduler's clocks may differ (60)"),
    OPT_TEXT("host", "HOST", host, "ask the lock server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockreap",
    .usage = "lockreap [OPTION]...",
    .summary = "Gives back the locks of jobs that Slurm or Grid Engine says are over, and takes "
               "their waiters off the queue.",
    .options = options,
    .notes = "See lockreap(8).",
};

static int check_cluster(const char *cluster)
{
    char text[SLURM_JOB_TEXT_SIZE];
    struct slurm_job job;

    if (cluster == NULL || (snprintf(text, sizeof text, "1@%s", cluster) < (int)sizeof text &&
                            slurm_id_parse(text, &job)))
        return 0;
    return cli_error("lockreap", EX_USAGE, "--cluster %s: this is no name of a cluster", cluster);
}

/* Whether the jobs that are over are named, so that no scheduler is asked. */
static bool is_named(const struct settings *settings)
{
    return settings->job != NULL || settings->epilog || settings->ended_from != NULL;
}

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, settings, &words);

    if (status >= 0)
        return status;
    if ((settings->job != NULL) + (settings->ended_from != NULL) + settings->epilog +
            (settings->interval_ms > 0) >
        1)
        return cli_error("lockreap", EX_USAGE,
                         "--job, --epilog, --ended-from and --interval exclude each other");
    if ((settings->has_before || settings->on.count > 0) && !is_named(settings))
        return cli_error("lockreap", EX_USAGE,
                         "--before and --on go with --job, --epilog or --ended-from");
    settings->reap.source = sources_find(settings->scheduler);
    if (settings->reap.source == NULL && !is_named(settings))
        return cli_error("lockreap", EX_USAGE,
                         "this lockreap was built without Slurm; say --scheduler sge, or name what "
                         "has ended with --job or --ended-from");
    return check_cluster(settings->reap.cluster) != 0 ? EX_USAGE : -1;
}

static int look_once(const struct settings *settings, struct reap_print *print)
{
    char error[REAP_ERROR_SIZE];
    enum reap_result result = reap_round(&settings->reap, print_loss, print, error);
    int status = outcome_print(print);

    if (result == REAP_STOPPED)
        return cli_error("lockreap", EX_UNAVAILABLE, "%s", error);
    return result != REAP_DONE ? outcome_tell(result, error) : status;
}

static int serve(const struct settings *settings, struct reap_print *print)
{
    struct outage trouble = {.program = "lockreap"};
    char error[REAP_ERROR_SIZE];
    enum reap_result result;

    if (sd_notify_send("READY=1") != 0)
        cli_error("lockreap", 0, "cannot tell systemd: %s", error_text(errno));
    do {
        result = reap_round(&settings->reap, print_loss, print, error);
        if (result != REAP_STOPPED)
            outage_tell(&trouble, result != REAP_DONE ? error : NULL);
        if (outcome_print(print) != 0)
            return EX_OSERR;
    } while (!stop_wanted() && stop_poll(-1, settings->interval_ms) == 0);
    return 0;
}

static int run(const struct settings *settings)
{
    struct reap_print print = {.json = settings->json,
                               .dry_run = settings->reap.dry_run,
                               .even_if_empty = settings->interval_ms == 0};

    if (settings->ended_from != NULL)
        return named_release_listed(settings, &print);
    if (is_named(settings))
        return named_release(settings, &print);
    stop_init();
    return settings->interval_ms > 0 ? serve(settings, &print) : look_once(settings, &print);
}

int main(int argc, char **argv)
{
    struct settings settings = {.reap = {.skew_ms = 60000, .deadline_ms = 10000}};
    int status = parse_options(&settings, argc, argv);

    if (status >= 0) {
        name_list_fini(&settings.on);
        return status;
    }
    settings.reap.lock = ipclocker_create();
    if (settings.reap.lock == NULL)
        return cli_error("lockreap", EX_OSERR, "%s", error_text(errno));
    status = server_option_use("lockreap", settings.reap.lock, settings.host, settings.port);
    if (status == 0)
        status = run(&settings);
    ipclocker_destroy(settings.reap.lock);
    name_list_fini(&settings.on);
    return status;
}
