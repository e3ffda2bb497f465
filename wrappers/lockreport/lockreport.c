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
#include "defaults/defaults.h"
#include "from_file.h"
#include "from_server.h"
#include "ipclocker.h"
#include "lock/pools.h"
#include "login.h"
#include "print.h"
#include "print_heat.h"
#include "print_holes.h"
#include "print_html.h"
#include "print_table.h"
#include "report.h"
#include "rows.h"
#include "store/file.h"
#include "store/reader.h"
#include "times.h"
#include "wanted_pools.h"
#include "what_if.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct settings {
    const char *state, *host, *port;
    int64_t since_ms, until_ms, now_ms;
    enum report_by by;
    bool json, csv, holds, in_vain, heat_map;
    const char *html; /* a file, or "-" */
    int64_t over_time_ms;
    char **pools; /* up to a NULL */
    struct what_if what_if;
};

static int take_time(const struct settings *settings, const char *argument, int64_t *time_ms)
{
    if (report_parse_time(argument, settings->now_ms, time_ms) == 0)
        return 0;
    return cli_error("lockreport", EX_USAGE,
                     "'%s' is no time; give 2026-11-22, 2026-11-22T17:30, 7d, yesterday, monday or "
                     "month",
                     argument);
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

static int take_what_if(void *context, const char *argument)
{
    struct settings *settings = context;

    if (what_if_parse(&settings->what_if, argument) == 0)
        return 0;
    return cli_error("lockreport", EX_USAGE,
                     "'%s' is no list of numbers of seats, %d at most; give 39,41, or -1,+1,+5",
                     argument, WHAT_IF_MOST);
}

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_TEXT("state", "FILE", state, "read this state file of lockerd; none: ask a server",
             .completion = COMPLETE_FILE),
    OPT_TEXT("host", "HOST", host, "ask the server there, or at this UNIX socket",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "its TCP port or service name"),
    OPT_CALL("since", "TIME", take_since,
             "from then on: 2026-11-22T17:30; 7d, 12h ago; yesterday, monday, month (24h)"),
    OPT_CALL("until", "TIME", take_until, "up to then (now)"),
    OPT_WORD("by", "WHAT", by, REPORT_BY_WORDS,
             "a line for each lock, user, host, job, pool or project (lock)"),
    OPT_FLAG("holds", holds, "list what was held, a line each, by whom and how it ended"),
    OPT_FLAG("in-vain", in_vain, "list what was refused or given up"),
    OPT_CALL("what-if", "SEATS", take_what_if,
             "play the requests for a POOL again, with so many seats: 39,41 or -1,+1"),
    OPT_FLAG("heat-map", heat_map, "map the hours of the week as well"),
    OPT_SECONDS("over-time", over_time_ms, 1000, INT64_C(1000) * 24 * HOUR_MS,
                "with --csv or --json: what was held in each part of so long: 1h, 1d"),
    OPT_TEXT("html", "FILE", html, "write a page that can be mailed; -: print it",
             .completion = COMPLETE_FILE),
    OPT_FLAG("json", json, "print JSON"),
    OPT_FLAG("csv", csv, "print CSV"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockreport",
    .usage = "lockreport [OPTION]... [POOL]...",
    .summary = "Shows how locks were used: how many at a time, for how long, and who waited. "
               "A POOL is a list of locks, such as vcs[1-8], or one that lockerd has; without any, "
               "each lock is shown.",
    .options = options,
    .notes = "Without --state and --host it asks the server of $IPCLOCKER_HOST or client.conf, "
             "else it reads the state file where lockerd has it by default. See lockreport(1).",
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
    if (settings->holds + settings->in_vain + (settings->what_if.count > 0) > 1)
        return cli_error("lockreport", EX_USAGE,
                         "--holds, --in-vain and --what-if exclude each other");
    if (settings->over_time_ms > 0 && !settings->json && !settings->csv)
        return cli_error("lockreport", EX_USAGE, "--over-time needs --csv or --json");
    if (settings->html != NULL && (settings->json || settings->csv || settings->over_time_ms > 0))
        return cli_error("lockreport", EX_USAGE, "--html excludes --json, --csv and --over-time");
    if (settings->heat_map && (settings->csv || settings->over_time_ms > 0))
        return cli_error("lockreport", EX_USAGE, "--heat-map excludes --csv and --over-time");
    if (settings->what_if.count > 0 && (settings->pools[0] == NULL || settings->pools[1] != NULL))
        return cli_error("lockreport", EX_USAGE, "--what-if is about one POOL: name one");
    return check_times(settings);
}

static int read_state(const struct report_target *target, const struct settings *settings)
{
    char error[REPORT_ERROR_SIZE];
    char *path = settings->state != NULL ? strdup(settings->state) : store_file_default_path();
    int result;

    if (path == NULL)
        return cli_error("lockreport", EX_OSERR, "no state file is known; name one with --state");
    result = from_file_read(target, path, error);
    free(path);
    return result == 0 ? 0 : cli_error("lockreport", EX_OSERR, "%s", error);
}

static int ask_server(const struct report_target *target, const struct settings *settings)
{
    struct ipclocker *lock = ipclocker_create();
    char error[REPORT_ERROR_SIZE];
    int status;

    if (lock == NULL)
        return cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    status = server_option_use("lockreport", lock, settings->host, settings->port);
    if (status == 0 && from_server_read(target, lock, error) != 0)
        status = cli_error("lockreport", errno == EINVAL ? EX_USAGE : EX_UNAVAILABLE, "%s", error);
    ipclocker_destroy(lock);
    return status;
}

/* Whether the environment, or a clients' file, names a server.  A file that is wrong is for the
 * library to tell of. */
static bool is_server_named(void)
{
    const char *hosts = getenv("IPCLOCKER_HOST");
    char error[DEFAULTS_ERROR_SIZE];
    struct defaults *defaults;
    bool is_named;

    if (hosts != NULL && hosts[0] != '\0')
        return true;
    defaults = defaults_read(error);
    is_named = defaults == NULL || defaults_find_server(defaults) != NULL;
    defaults_free(defaults);
    return is_named;
}

static int fill(const struct report_target *target, const struct settings *settings)
{
    bool asks =
        settings->host != NULL || settings->port != NULL ||
        (settings->state == NULL ? is_server_named() : strcmp(settings->state, "none") == 0);

    return asks ? ask_server(target, settings) : read_state(target, settings);
}

/* A file or a pipe is as wide as it needs to be. */
static struct report_screen find_screen(void)
{
    struct winsize size = {0};
    bool known = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

    return (struct report_screen){.columns = known ? size.ws_col : 0,
                                  .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

static int print_html(struct report *report, const struct report_group *groups, size_t count,
                      const char *path)
{
    bool is_file = strcmp(path, "-") != 0;
    FILE *out = is_file ? fopen(path, "we") : stdout;
    int failed = out == NULL;

    if (!failed) {
        report_print_html(report, groups, count, out);
        failed = fflush(out) != 0 || ferror(out);
    }
    if (out != NULL && is_file && fclose(out) != 0)
        failed = 1;
    return failed ? cli_error("lockreport", EX_CANTCREAT, "cannot write %s: %s", path,
                              error_text(errno))
                  : 0;
}

static int print(struct report *report, const struct settings *settings)
{
    const struct report_screen screen = find_screen();
    size_t count;
    const struct report_group *groups = report_finish(report, &count);
    int result = groups != NULL ? 0 : -1;

    if (result == 0 && settings->html != NULL)
        return print_html(report, groups, count, settings->html);
    if (result == 0 && settings->json)
        result = report_print_json(report, groups, count, stdout);
    else if (result == 0 && settings->csv && settings->over_time_ms > 0)
        report_print_csv_over_time(report, groups, count, stdout);
    else if (result == 0 && settings->csv)
        report_print_csv(report, groups, count, stdout);
    else if (result == 0)
        result = report_print_table(report, groups, count, &screen, stdout);
    if (result == 0 && settings->csv)
        print_holes_beside(report_holes(report));
    if (result == 0 && settings->heat_map && !settings->json)
        report_print_heat(report, groups, count, screen.utf8, stdout);
    if (result == 0 && fflush(stdout) == 0)
        return 0;
    return cli_error("lockreport", EX_OSERR, "cannot print the report: %s", error_text(errno));
}

/* Adds an entry to a report, and seats. */
static int add_entry(void *report, const struct store_history *entry)
{
    return report_add(report, entry);
}

static void begin_again(void *report)
{
    report_empty(report);
}

static int add_seats(void *report, const char *pool, size_t seats)
{
    return report_tell_seats(report, pool, seats);
}

static int add_offline(void *report, const struct offline_lock *lock)
{
    return report_tell_offline(report, lock);
}

/* Into hours, for what shows these, else into what is asked for. */
static int divide(struct report *report, const struct settings *settings)
{
    if (report_divide(report, settings->over_time_ms > 0 ? settings->over_time_ms : HOUR_MS) == 0)
        return 0;
    if (errno == E2BIG)
        return cli_error("lockreport", EX_USAGE,
                         "that makes more than %d parts of the time; give longer ones, or a later "
                         "--since",
                         PARTS_MOST);
    return cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
}

/* What of the history a report is made of. */
static unsigned int needed(const struct settings *settings)
{
    static const unsigned int by[] = {
        [REPORT_BY_LOCK] = STORE_ONLY_LOCK, [REPORT_BY_USER] = STORE_ONLY_OWNER,
        [REPORT_BY_HOST] = STORE_ONLY_HOST, [REPORT_BY_JOB] = STORE_ONLY_JOB,
        [REPORT_BY_POOL] = STORE_ONLY_POOL, [REPORT_BY_PROJECT] = STORE_ONLY_PROJECT,
    };

    return by[settings->by] | (settings->pools[0] != NULL ? STORE_ONLY_POOL : 0);
}

static int make_report(const struct settings *settings)
{
    struct report *report = report_create(settings->by, settings->since_ms, settings->until_ms);
    struct report_target target = {.since_ms = settings->since_ms,
                                   .until_ms = settings->until_ms,
                                   .last_first = begin_again,
                                   .only = needed(settings),
                                   .take = add_entry,
                                   .tell_seats = add_seats,
                                   .tell_offline = add_offline,
                                   .context = report};
    char error[256];
    int status = 0;

    if (report == NULL)
        return cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    target.holes = report_holes(report);
    report_name_users(report, login_of);
    if (settings->html != NULL || settings->heat_map || settings->over_time_ms > 0)
        status = divide(report, settings);
    for (char **pool = settings->pools; *pool != NULL && status == 0; pool++) {
        if (report_add_pool(report, *pool, error, sizeof error) != 0)
            status = cli_error("lockreport", EX_USAGE, "%s: %s", *pool, error);
    }
    if (status == 0)
        status = fill(&target, settings);
    if (status == 0)
        status = print(report, settings);
    report_destroy(report);
    return status;
}

static enum rows_format format_of(const struct settings *settings)
{
    return settings->json ? ROWS_JSON : settings->csv ? ROWS_CSV : ROWS_TABLE;
}

/* The entries themselves. */
static int list_rows(const struct settings *settings)
{
    struct rows rows = {.format = format_of(settings),
                        .in_vain = settings->in_vain,
                        .since_ms = settings->since_ms,
                        .until_ms = settings->until_ms,
                        .login_of = login_of,
                        .out = stdout};
    const struct report_target target = {.since_ms = settings->since_ms,
                                         .until_ms = settings->until_ms,
                                         .take = rows_take,
                                         .holes = &rows.holes,
                                         .context = &rows};
    char error[256];
    int status = 0;

    for (char **pool = settings->pools; *pool != NULL && status == 0; pool++) {
        if (wanted_pools_add(&rows.pools, *pool, error, sizeof error) != 0)
            status = cli_error("lockreport", EX_USAGE, "%s: %s", *pool, error);
    }
    if (status == 0 && rows_begin(&rows) != 0)
        status = cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    if (status == 0)
        status = fill(&target, settings);
    if (status == 0 && (rows_end(&rows) != 0 || fflush(stdout) != 0))
        status = cli_error("lockreport", EX_OSERR, "cannot print: %s", error_text(errno));
    hole_list_fini(&rows.holes);
    wanted_pools_fini(&rows.pools);
    return status;
}

static int print_what_if(const struct settings *settings, struct what_if *what_if)
{
    if (what_if_print(what_if, format_of(settings), stdout) == 0 && fflush(stdout) == 0)
        return 0;
    if (errno == ENODATA)
        return cli_error("lockreport", EX_USAGE,
                         "a state file does not say how many seats %s has: give --what-if numbers "
                         "without + and -, or ask the server with --host",
                         settings->pools[0]);
    if (errno == ERANGE)
        return cli_error("lockreport", EX_USAGE,
                         "--what-if: a pool has 1 to %d seats, and %s has %zu", POOL_SEATS_MOST,
                         settings->pools[0], what_if->seats);
    return cli_error("lockreport", EX_OSERR, "cannot print: %s", error_text(errno));
}

/* The requests once more. */
static int play_again(struct settings *settings)
{
    struct what_if *what_if = &settings->what_if;
    const struct report_target target = {.since_ms = settings->since_ms,
                                         .until_ms = settings->until_ms,
                                         .take = what_if_add,
                                         .tell_seats = what_if_tell_seats,
                                         .holes = &what_if->holes,
                                         .context = what_if};
    char error[256];
    int status = 0;

    what_if->time = (struct span){.from_ms = settings->since_ms, .to_ms = settings->until_ms};
    what_if->replay = replay_create();
    if (what_if->replay == NULL)
        status = cli_error("lockreport", EX_OSERR, "%s", error_text(errno));
    else if (wanted_pools_add(&what_if->pool, settings->pools[0], error, sizeof error) != 0)
        status = cli_error("lockreport", EX_USAGE, "%s: %s", settings->pools[0], error);
    if (status == 0)
        status = fill(&target, settings);
    if (status == 0)
        status = print_what_if(settings, what_if);
    replay_destroy(what_if->replay);
    hole_list_fini(&what_if->holes);
    wanted_pools_fini(&what_if->pool);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.now_ms = clock_wall_ms()};
    int status;

    setlocale(LC_CTYPE, "");
    settings.since_ms = settings.now_ms - DAY_MS;
    settings.until_ms = settings.now_ms;
    status = parse_options(&settings, argc, argv);
    if (status >= 0)
        return status;
    if (settings.what_if.count > 0)
        return play_again(&settings);
    return settings.holds || settings.in_vain ? list_rows(&settings) : make_report(&settings);
}
