/* lockreap(8): gives back what jobs of Slurm's hold in lockerd that are over.
 * Must not release anything of a job that may still be there. */
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
#include "job/job_id.h"
#include "job/slurm_id.h"
#include "print.h"
#include "reap.h"
#include "slurm/outage.h"
#include "slurm/stop.h"

enum { NAMES_MAX = 2 * JOB_ID_SLURM_NAMES, DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000 };

struct settings {
    struct reap_settings reap;
    const char *job, *host, *port;
    bool epilog, json;
    int64_t interval_ms; /* 0: look once */
};

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_TEXT("job", "ID", job, "release what this job has, such as 4711, 4711_3, 4711+1@lab",
             .letter = 'j'),
    OPT_FLAG("epilog", epilog, "the same for the job that EpilogSlurmctld runs for"),
    OPT_SECONDS("interval", interval_ms, 100, DAY_MS, "look again and again, as a service",
                .letter = 'i'),
    OPT_TEXT("cluster", "NAME", reap.cluster, "release for jobs of this cluster only",
             .letter = 'M'),
    OPT_FLAG("bare", reap.takes_bare, "take ids without a cluster's name for this cluster's"),
    OPT_FLAG("dry-run", reap.dry_run, "only say what would be released", .letter = 'n'),
    OPT_FLAG("json", json, "print JSON"),
    OPT_SECONDS("timeout", reap.deadline_ms, 100, HOUR_MS,
                "how long Slurm may take to answer (10)"),
    OPT_SECONDS("clock-skew", reap.skew_ms, 0, DAY_MS,
                "how far lockerd's and Slurm's clocks may differ (60)"),
    OPT_TEXT("host", "HOST", host, "ask the lock server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockreap",
    .usage = "lockreap [OPTION]...",
    .summary = "Gives back the locks of jobs that Slurm says are over, and takes their waiters off "
               "the queue.",
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

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, settings, &words);

    if (status >= 0)
        return status;
    if ((settings->job != NULL) + settings->epilog + (settings->interval_ms > 0) > 1)
        return cli_error("lockreap", EX_USAGE, "--job, --epilog and --interval exclude each other");
    return check_cluster(settings->reap.cluster) != 0 ? EX_USAGE : -1;
}

/* The cluster that an id without one is of, for want of an answer from Slurm. */
static const char *default_cluster(const struct settings *settings)
{
    return settings->reap.cluster != NULL ? settings->reap.cluster : getenv("SLURM_CLUSTER_NAME");
}

/* What else there is by the number of --job; "" also when the server does not say. */
static void find_alike(const struct settings *settings, char names[REAP_NAMES_SIZE])
{
    char error[REAP_ERROR_SIZE];

    if (reap_find_alike(&settings->reap, settings->job, names, error) != REAP_DONE)
        names[0] = '\0';
}

/* No guess, even where only one cluster has such a job: it may be a running one, and another
 * cluster's that was meant. */
static void ask_for_cluster(const struct settings *settings)
{
    char names[REAP_NAMES_SIZE];

    find_alike(settings, names);
    cli_error("lockreap", EX_USAGE,
              "--job %s: of which cluster? say --cluster NAME, or --bare for an id without one%s%s",
              settings->job, names[0] != '\0' ? "; the lock server knows of " : "", names);
}

/* For people who wonder why nothing was released. */
static void tell_alike(const struct settings *settings)
{
    char names[REAP_NAMES_SIZE];

    find_alike(settings, names);
    if (names[0] != '\0')
        cli_error("lockreap", 0, "--job %s: nothing to release; the lock server knows of %s",
                  settings->job, names);
}

/* Writes the ids of one job by their number.  Returns how many; 0 after a complaint. */
static size_t name_job(const struct settings *settings, char names[NAMES_MAX][JOB_ID_SIZE])
{
    const char *cluster = default_cluster(settings);
    struct slurm_job job;
    size_t count = 0;

    if (!slurm_id_parse(settings->job, &job)) {
        cli_error("lockreap", EX_USAGE,
                  "--job %s: this is no job of Slurm's; give 4711, 4711_3 or 4711+1",
                  settings->job);
        return 0;
    }
    if (job.cluster[0] == '\0' && cluster != NULL)
        snprintf(job.cluster, sizeof job.cluster, "%s", cluster);
    if (job.cluster[0] == '\0' && !settings->reap.takes_bare) {
        ask_for_cluster(settings);
        return 0;
    }
    slurm_id_format(names[count++], &job);
    if (job.cluster[0] != '\0' && settings->reap.takes_bare) {
        job.cluster[0] = '\0';
        slurm_id_format(names[count++], &job);
    }
    return count;
}

static size_t name_epilog_job(const struct settings *settings, char names[NAMES_MAX][JOB_ID_SIZE])
{
    size_t count = job_id_all_of_slurm(names);

    if (count == 0)
        cli_error("lockreap", EX_USAGE,
                  "--epilog: SLURM_JOB_ID is not set; this is for EpilogSlurmctld");
    for (size_t i = count; settings->reap.takes_bare && i-- > 0;) {
        memcpy(names[count], names[i], JOB_ID_SIZE);
        names[count][strcspn(names[count], "@")] = '\0';
        count++;
    }
    return count;
}

static int tell_failure(enum reap_result result, const char *error)
{
    switch (result) {
    case REAP_DONE:
    case REAP_STOPPED:
        return 0;
    case REAP_NO_LOCKERD:
    case REAP_NO_SLURM:
        return cli_error("lockreap", EX_UNAVAILABLE, "%s", error);
    case REAP_FAILED:
        break;
    }
    return cli_error("lockreap", EX_OSERR, "%s", error);
}

static int end_print(struct reap_print *print)
{
    if (print_end(print) == 0)
        return 0;
    return cli_error("lockreap", EX_OSERR, "cannot print: %s", error_text(errno));
}

static int release_named(const struct settings *settings, struct reap_print *print)
{
    char names[NAMES_MAX][JOB_ID_SIZE], error[REAP_ERROR_SIZE];
    size_t count = settings->epilog ? name_epilog_job(settings, names) : name_job(settings, names);
    int status = count > 0 ? 0 : EX_USAGE;

    for (size_t i = 0; i < count && status == 0; i++)
        status = tell_failure(
            reap_job(&settings->reap, names[i], settings->epilog, print_loss, print, error), error);
    if (status == 0 && !settings->epilog && !print->told)
        tell_alike(settings);
    return status != 0 ? status : end_print(print);
}

static int look_once(const struct settings *settings, struct reap_print *print)
{
    char error[REAP_ERROR_SIZE];
    enum reap_result result = reap_round(&settings->reap, print_loss, print, error);
    int status = end_print(print);

    if (result == REAP_STOPPED)
        return cli_error("lockreap", EX_UNAVAILABLE, "%s", error);
    return result != REAP_DONE ? tell_failure(result, error) : status;
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
        if (end_print(print) != 0)
            return EX_OSERR;
    } while (!stop_wanted() && stop_poll(-1, settings->interval_ms) == 0);
    return 0;
}

static int run(const struct settings *settings)
{
    struct reap_print print = {.json = settings->json,
                               .dry_run = settings->reap.dry_run,
                               .even_if_empty = settings->interval_ms == 0};

    if (settings->job != NULL || settings->epilog)
        return release_named(settings, &print);
    stop_init();
    return settings->interval_ms > 0 ? serve(settings, &print) : look_once(settings, &print);
}

int main(int argc, char **argv)
{
    struct settings settings = {.reap = {.skew_ms = 60000, .deadline_ms = 10000}};
    int status = parse_options(&settings, argc, argv);

    if (status >= 0)
        return status;
    settings.reap.lock = ipclocker_create();
    if (settings.reap.lock == NULL)
        return cli_error("lockreap", EX_OSERR, "%s", error_text(errno));
    status = server_option_use("lockreap", settings.reap.lock, settings.host, settings.port);
    if (status == 0)
        status = run(&settings);
    ipclocker_destroy(settings.reap.lock);
    return status;
}
