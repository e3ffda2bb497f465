/* Jobs that somebody says are over: --job, --epilog and --ended-from.
 * Must not guess which job is meant. */
#include "named.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "cli/message.h"
#include "job/job_id.h"
#include "job/slurm_id.h"
#include "outcome.h"

enum { NAMES_MAX = 2 * JOB_ID_SLURM_NAMES };

/* What the ids of one job are, and how many. */
struct names {
    char ids[NAMES_MAX][JOB_ID_SIZE];
    size_t count;
};

/* The cluster that an id of Slurm's without one is of, for want of an answer from Slurm. */
static const char *default_cluster(const struct settings *settings)
{
    return settings->reap.cluster != NULL ? settings->reap.cluster : getenv("SLURM_CLUSTER_NAME");
}

/* What else there is by the number of a job; "" also when the server does not say. */
static void find_alike(const struct settings *settings, const char *job,
                       char names[REAP_NAMES_SIZE])
{
    char error[REAP_ERROR_SIZE], id[JOB_ID_SIZE];

    snprintf(id, sizeof id, "%s%s", job_id_is_whole(job) ? "" : "slurm:", job);
    if (reap_find_alike(&settings->reap, id, names, error) != REAP_DONE)
        names[0] = '\0';
}

/* No guess, even where only one cluster has such a job: it may be a running one, and another
 * cluster's that was meant. */
static void ask_for_cluster(const struct settings *settings, const char *id)
{
    char names[REAP_NAMES_SIZE];

    find_alike(settings, id, names);
    cli_error("lockreap", EX_USAGE,
              "--job %s: of which cluster? say --cluster NAME, or --bare for an id without one%s%s",
              id, names[0] != '\0' ? "; the lock server knows of " : "", names);
}

/* For people who wonder why nothing was released. */
static void tell_alike(const struct settings *settings)
{
    char names[REAP_NAMES_SIZE];

    find_alike(settings, settings->job, names);
    if (names[0] != '\0')
        cli_error("lockreap", 0, "--job %s: nothing to release; the lock server knows of %s",
                  settings->job, names);
}

static int name_slurm_job(const struct settings *settings, const char *id, struct names *names)
{
    const char *cluster = default_cluster(settings);
    struct slurm_job job;

    if (!slurm_id_parse(id, &job)) {
        char shown[MESSAGE_EXCERPT_SIZE];

        return cli_error("lockreap", EX_USAGE,
                         "--job %s: this is no job; give 4711, 4711_3 or 4711+1 of Slurm's, or "
                         "with the scheduler in front: sge:5.3, lsf:7[3], pbs:123[4].server",
                         message_excerpt(shown, id, strlen(id)));
    }
    if (job.cluster[0] == '\0' && cluster != NULL)
        snprintf(job.cluster, sizeof job.cluster, "%s", cluster);
    if (job.cluster[0] == '\0' && !settings->reap.takes_bare) {
        ask_for_cluster(settings, id);
        return EX_USAGE;
    }
    slurm_id_format(names->ids[names->count++], &job);
    if (job.cluster[0] != '\0' && settings->reap.takes_bare) {
        job.cluster[0] = '\0';
        slurm_id_format(names->ids[names->count++], &job);
    }
    return 0;
}

/* Of another scheduler, whose ids are taken as they are; a cell that says its name is in them. */
static int name_other_job(const struct settings *settings, const char *id, struct names *names)
{
    const char *cluster = strchr(id, '@') == NULL ? settings->reap.cluster : NULL;
    int len = snprintf(names->ids[0], JOB_ID_SIZE, "%s%s%s", id, cluster != NULL ? "@" : "",
                       cluster != NULL ? cluster : "");

    if (len >= JOB_ID_SIZE)
        return cli_error("lockreap", EX_USAGE, "--cluster %s: too long behind %s", cluster, id);
    names->count = 1;
    if (cluster != NULL && settings->reap.takes_bare)
        snprintf(names->ids[names->count++], JOB_ID_SIZE, "%s", id);
    return 0;
}

/* Returns 0, or the status to exit with after a complaint. */
static int name_job(const struct settings *settings, const char *id, struct names *names)
{
    names->count = 0;
    if (job_id_is_whole(id) && !slurm_id_is_ours(id))
        return name_other_job(settings, id, names);
    return name_slurm_job(settings, id, names);
}

static int name_epilog_job(const struct settings *settings, struct names *names)
{
    size_t count = job_id_all_of_slurm(names->ids);

    if (count == 0)
        return cli_error("lockreap", EX_USAGE,
                         "--epilog: SLURM_JOB_ID is not set; this is for EpilogSlurmctld");
    for (size_t i = count; settings->reap.takes_bare && i-- > 0;) {
        memcpy(names->ids[count], names->ids[i], JOB_ID_SIZE);
        names->ids[count][strcspn(names->ids[count], "@")] = '\0';
        count++;
    }
    names->count = count;
    return 0;
}

static int release(const struct settings *settings, const struct names *names,
                   struct reap_print *print)
{
    int64_t before_ms = INT64_MAX;
    char error[REAP_ERROR_SIZE];
    int status = 0;

    if (settings->has_before || settings->on.count > 0)
        status = outcome_tell(
            reap_server_time(&settings->reap,
                             settings->has_before ? settings->before_ms : clock_wall_ms(),
                             &before_ms, error),
            error);
    for (size_t i = 0; i < names->count && status == 0; i++)
        status = outcome_tell(reap_job(&settings->reap, names->ids[i], settings->epilog, before_ms,
                                       print_loss, print, error),
                              error);
    return status;
}

int named_release(const struct settings *settings, struct reap_print *print)
{
    struct names names;
    int status = settings->epilog ? name_epilog_job(settings, &names)
                                  : name_job(settings, settings->job, &names);

    if (status == 0)
        status = release(settings, &names, print);
    if (status == 0 && !settings->epilog && !print->told)
        tell_alike(settings);
    return status != 0 ? status : outcome_print(print);
}

/* A line with an id, or with none.  Returns what is left of it without blanks around it. */
static char *trim(char *line)
{
    static const char blanks[] = " \t\r\n";
    char *end;

    line += strspn(line, blanks);
    end = line + strlen(line);
    while (end > line && strchr(blanks, end[-1]) != NULL)
        *--end = '\0';
    return line;
}

/* Releases for each line.  One that is no id is told, and does not keep the others from it. */
static int release_lines(const struct settings *settings, FILE *file, struct reap_print *print)
{
    char *line = NULL;
    size_t size = 0;
    int worst = 0;

    while (getline(&line, &size, file) >= 0) {
        const char *id = trim(line);
        struct names names;
        int status = 0;

        if (*id == '\0' || *id == '#')
            continue;
        if (name_job(settings, id, &names) != 0)
            worst = EX_USAGE;
        else
            status = release(settings, &names, print);
        if (status == EX_NOPERM)
            worst = status;
        if (status == 0 || status == EX_NOPERM)
            status = outcome_print(print);
        if (status != 0) {
            worst = status;
            break;
        }
    }
    if (ferror(file))
        worst = cli_error("lockreap", EX_OSERR, "cannot read the ids: %s", error_text(errno));
    free(line);
    return worst;
}

int named_release_listed(const struct settings *settings, struct reap_print *print)
{
    bool is_stdin = strcmp(settings->ended_from, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(settings->ended_from, "re");
    int status;

    if (file == NULL)
        return cli_error("lockreap", EX_NOINPUT, "--ended-from %s: %s", settings->ended_from,
                         error_text(errno));
    status = release_lines(settings, file, print);
    if (!is_stdin)
        fclose(file);
    return status;
}
