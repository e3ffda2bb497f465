/* lockreport(1): who used which locks, for how long, and who had to wait.
 * Must not do anything that the library could not have done for it. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error_text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/server_option.h"
#include "from_file.h"
#include "from_server.h"
#include "ipclocker.h"
#include "print.h"
#include "report.h"
#include "store/file.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct settings {
    const char *state, *host, *port;
    int64_t since_ms, until_ms, now_ms;
    enum report_by by;
    bool json, csv;
    char **pools; /* up to a NULL */
};

static int take_time(const struct settings *settings, const char *argument, int64_t *time_ms)
{
    if (report_parse_time(argument, settings->now_ms, time_ms) == 0)
        return 0;
    return cli_error("lockreport", EX_USAGE,
                     "'%s' is no time; give 2026-11-22, 2026-11-22T17:30 or 7d", argument);
}

static int take_since(void *context, const char *argument)
{
    struct settings *settings = context;

    return take_time(settings, argument, &settings->since_ms);
}

static int take_until(void *context, const char *argument)
{
    struct settings *settings = context;

    return take_time(settings, argument, &settings->until_ms);
}

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_TEXT("state", "FILE", state, "read this state file of lockerd",
             .completion = COMPLETE_FILE),
    OPT_TEXT("host", "HOST", host, "ask the server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_CALL("since", "TIME", take_since, "from then on: 2026-11-22T17:30, or 7d, 12h ago (24h)"),
    OPT_CALL("until", "TIME", take_until, "up to then (now)"),
    OPT_WORD("by", "WHAT", by, REPORT_BY_WORDS, "a line for each lock, user, host or job (lock)"),
    OPT_FLAG("json", json, "print JSON"),
    OPT_FLAG("csv", csv, "print CSV"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockreport",
    .usage = "lockreport [OPTION]... [POOL]...",
    .summary = "Shows how locks were used: how many at a time, for how long, and who waited. "
               "A POOL is a list of locks, such as vcs[1-8]; without any, each lock is shown.",
    .options = options,
    .notes = "Without --state and --host it asks $IPCLOCKER_HOST if that is set, else it reads the "
             "state file where lockerd has it by default. See lockreport(1).",
    .words = WORDS_LAST,
    .completion = COMPLETE_LOCK,
};

/* What is held now counts up to now, and no further.  Returns as parse_options(). */
static int check_times(struct settings *settings)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];

    if (settings->until_ms > settings->now_ms)
        settings->until_ms = settings->now_ms;
    if (settings->since_ms < settings->until_ms)
        return -1;
    report_format_time(since, settings->since_ms);
    report_format_time(until, settings->until_ms);
    return cli_error("lockreport", EX_USAGE,
                     "the report would begin at %s, and end at %s; give an earlier --since or a "
                     "later --until",
                     since, until);
}

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    int status = command_line_parse(&command_line, argc, argv, settings, &settings->pools);

    if (status >= 0)
        return status;
    if (settings->json && settings->csv)
        return cli_error("lockreport", EX_USAGE, "--json and --csv exclude each other");
    if (settings->state != NULL && (settings->host != NULL || settings->port != NULL))
        return cli_error("lockreport", EX_USAGE,
                         "--state reads a file, --host and --port ask a server: give one");
    return check_times(settings);
}

static int read_state(struct report *report, const struct settings *settings)
{
    char error[REPORT_ERROR_SIZE];
    char *path = settings->state != NULL ? strdup(settings->state) : store_file_default_path();
    int result;

    if (path == NULL)
        return cli_error("lockreport", EX_OSERR, "no state file is known; name one with --state");
    result = from_file_read(report, path, error);
    free(path);
    return result == 0 ? 0 : cli_error("lockreport", EX_OSERR, "%s", error);
}

static int ask_server(struct report *report, const struct settings *settings)
{
    struct ipclocker *lock = ipclocker_create();
    char error[REPORT_ERROR_SIZE];
    int status;

    if (lock == NULL)
        return cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    status = server_option_use("lockreport", lock, settings->host, settings->port);
    if (status == 0 && from_server_read(report, lock, error) != 0)
        status = cli_error("lockreport", errno == EINVAL ? EX_USAGE : EX_UNAVAILABLE, "%s", error);
    ipclocker_destroy(lock);
    return status;
}

static int fill(struct report *report, const struct settings *settings)
{
    const char *hosts = getenv("IPCLOCKER_HOST");
    bool asks = settings->host != NULL || settings->port != NULL ||
                (settings->state == NULL && hosts != NULL && hosts[0] != '\0');

    return asks ? ask_server(report, settings) : read_state(report, settings);
}

/* A file or a pipe is as wide as it needs to be. */
static struct report_screen find_screen(void)
{
    struct winsize size = {0};
    bool known = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

    return (struct report_screen){.columns = known ? size.ws_col : 0,
                                  .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

static int print(struct report *report, const struct settings *settings)
{
    const struct report_screen screen = find_screen();
    size_t count;
    const struct report_group *groups = report_finish(report, &count);
    int result = groups != NULL ? 0 : -1;

    if (result == 0 && settings->json)
        result = report_print_json(report, groups, count, stdout);
    else if (result == 0 && settings->csv)
        report_print_csv(report, groups, count, stdout);
    else if (result == 0)
        result = report_print_table(report, groups, count, &screen, stdout);
    if (result == 0 && fflush(stdout) == 0)
        return 0;
    return cli_error("lockreport", EX_OSERR, "cannot print the report: %s", error_text(errno));
}

int main(int argc, char **argv)
{
    struct settings settings = {.now_ms = clock_wall_ms()};
    struct report *report;
    char error[256];
    int status;

    setlocale(LC_CTYPE, "");
    settings.since_ms = settings.now_ms - DAY_MS;
    settings.until_ms = settings.now_ms;
    status = parse_options(&settings, argc, argv);
    if (status >= 0)
        return status;
    report = report_create(settings.by, settings.since_ms, settings.until_ms);
    if (report == NULL)
        return cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    status = 0;
    for (char **pool = settings.pools; *pool != NULL && status == 0; pool++) {
        if (report_add_pool(report, *pool, error, sizeof error) != 0)
            status = cli_error("lockreport", EX_USAGE, "%s: %s", *pool, error);
    }
    if (status == 0)
        status = fill(report, &settings);
    if (status == 0)
        status = print(report, &settings);
    report_destroy(report);
    return status;
}
