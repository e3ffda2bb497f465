/* Parses and checks the command line of lockersh.
 * Must not talk to a server: what is wrong is known before one is asked. */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "defaults/defaults.h"
#include "demand_options.h"
#include "file_defaults.h"
#include "for_pid_options.h"
#include "list_options.h"
#include "pool_options.h"
#include "process/signal_name.h"
#include "show_config.h"

/* A hundred years. */
#define WAIT_MAX_MS (INT64_C(100) * 366 * 86400 * 1000)

enum { GRACE_MAX_MS = 86400000 };

#define KEEP_MAX_MS (INT64_C(30) * 86400 * 1000)

static int take_hosts(void *context, const char *hosts)
{
    struct lockersh_options *options = context;

    if (options->hosts != NULL)
        return cli_error("lockersh", EX_USAGE, "choose one of --host and --dhost");
    options->hosts = hosts;
    return 0;
}

static int take_on_lost(void *context, const char *what)
{
    struct loss_plan *plan = &((struct lockersh_options *)context)->loss;

    if (*what == '\0')
        return cli_error("lockersh", EX_USAGE,
                         "--on-lost needs warn, a signal such as TERM, or a command");
    if (strcmp(what, "warn") == 0)
        return 0;
    plan->signal = signal_name_parse(what);
    if (plan->signal < 0) {
        plan->signal = 0;
        plan->command = what;
    }
    return 0;
}

static int take_action(struct lockersh_options *options, enum lockersh_action action,
                       const char *target)
{
    if (options->action != LOCKERSH_RUN && options->action != action)
        return cli_error(
            "lockersh", EX_USAGE,
            "choose one of --locklist, --explain, --owner, --break, --unlock, --pools, "
            "--outside, --offline, --online, --show-config and --ping");
    if (options->target != NULL)
        return cli_error("lockersh", EX_USAGE,
                         "--owner or --break was given twice; separate names by colons");
    options->action = action;
    options->target = target;
    return 0;
}

static int take_locklist(void *context, const char *argument)
{
    return take_action(context, LOCKERSH_LIST, argument);
}

static int take_ping(void *context, const char *argument)
{
    return take_action(context, LOCKERSH_PING, argument);
}

static int take_show_config(void *context, const char *argument)
{
    return take_action(context, LOCKERSH_SHOW_CONFIG, argument);
}

static int take_explain(void *context, const char *argument)
{
    return take_action(context, LOCKERSH_EXPLAIN, argument);
}

static int take_pools(void *context, const char *argument)
{
    return take_action(context, LOCKERSH_POOLS, argument);
}

static int take_outside(void *context, const char *pool)
{
    return take_action(context, LOCKERSH_OUTSIDE, pool);
}

static int take_offline(void *context, const char *seat)
{
    return take_action(context, LOCKERSH_OFFLINE, seat);
}

static int take_online(void *context, const char *seat)
{
    return take_action(context, LOCKERSH_ONLINE, seat);
}

static int take_unlock(void *context, const char *names)
{
    int status = demand_options_check_name("unlock", names);

    return status != 0 ? status : take_action(context, LOCKERSH_UNLOCK, names);
}

static int take_extend(void *context, const char *time)
{
    return take_action(context, LOCKERSH_EXTEND, time);
}

static int take_cancel(void *context, const char *owner)
{
    return take_action(context, LOCKERSH_CANCEL, owner);
}

static int take_cancel_job(void *context, const char *job)
{
    return take_action(context, LOCKERSH_CANCEL_JOB, job);
}

static int take_owner(void *context, const char *name)
{
    int status = demand_options_check_name("owner", name);

    return status != 0 ? status : take_action(context, LOCKERSH_OWNER, name);
}

static int take_break(void *context, const char *name)
{
    int status = demand_options_check_name("break", name);

    return status != 0 ? status : take_action(context, LOCKERSH_BREAK, name);
}

#define SETTINGS struct lockersh_options
static const struct option_spec option_table[] = {
    OPT_GROUP("What is locked"),
    OPT_CALL("lock", "NAMES", demand_options_take_lock,
             "lock one of NAMES: a:b, vcs[1-8]; again: further names", .completion = COMPLETE_LOCK,
             .repeats = true),
    OPT_CALL("count", "N", demand_options_take_count,
             "lock N of the names, or of a pool's seats, instead of one", .repeats = true),
    OPT_CALL("shared", NULL, demand_options_take_shared, "share it with others that do",
             .repeats = true, .yields = true),
    OPT_CALL("spread", NULL, demand_options_take_spread,
             "of those that are free, the one that was used longest ago", .repeats = true,
             .yields = true),
    OPT_CALL("and", "NAMES", demand_options_take_and,
             "and one of these; --lock, --count go on here", .completion = COMPLETE_LOCK,
             .repeats = true),
    OPT_WHOLE_SECONDS("hold-timeout", hold_s, 0, UINT32_MAX,
                      "have the lock taken back after so long"),
    OPT_TEXT("project", "NAME", project, "count it for this project (that of the scheduler's job)",
             .yields = true),
    OPT_CALL("priority", "N", pool_options_take_priority,
             "go before others, as far as the pool lets you", .yields = true,
             .client_default = "0"),
    OPT_GROUP("Waiting"),
    OPT_SECONDS("timeout", wait_ms, 0, WAIT_MAX_MS, "wait no longer than this for the lock",
                .letter = 'w', .client_default = ""),
    OPT_FLAG("nonblock", nonblock, "do not wait for the lock at all", .letter = 'n'),
    OPT_FLAG("nested-wait", nested_wait, "wait also for what this runs under", .yields = true),
    OPT_NUMBER("no-queue-if", "N", queue_most, 0, UINT32_MAX,
               "fail when N or more wait for it already", .yields = true),
    OPT_NUMBER("conflict-exit-code", "N", conflict_status, 0, 255,
               "exit with N when the lock is not obtained (1)", .letter = 'E',
               .client_default = "1"),
    OPT_FLAG("verbose", verbose, "say what is waited for, and when it is obtained",
             .client_default = "false"),
    OPT_FLAG("quiet", quiet, "say nothing but errors", .client_default = "false"),
    OPT_GROUP("Keeping it"),
    OPT_SECONDS("keep", keep_ms, 0, KEEP_MAX_MS,
                "nobody else gets it for so long, from now on, whatever ends before",
                .yields = true),
    OPT_FLAG("until-boot", until_boot, "nor until this host has booted anew", .yields = true),
    OPT_WHOLE_SECONDS("lost-after", lost_after_s, 1, UINT32_MAX,
                      "it is lost when the server hears nothing of us so long", .yields = true),
    OPT_CALL("on-lost", "WHAT", take_on_lost,
             "when it is taken away: warn, a signal for the command, or a line for sh (warn)",
             .yields = true, .client_default = "warn"),
    OPT_SECONDS("grace", loss.grace_ms, 0, GRACE_MAX_MS,
                "with --on-lost TERM: kill the command so long after it (30)", .yields = true,
                .client_default = "30"),
    OPT_SECONDS("warn", loss.warn_ms, 0, WAIT_MAX_MS,
                "tell the command so long before its hold limit is over", .yields = true,
                .client_default = ""),
    OPT_FLAG("descendants", descendants, "hold it until all that the command starts has ended"),
    OPT_GROUP("For a process that goes on"),
    OPT_CALL("for-pid", "PID", for_pid_options_take_pid,
             "instead of a command: until this process has ended, or HOST:PID there",
             .yields = true),
    OPT_TEXT("for-pid-file", "FILE", for_pid.file,
             "when the command has ended: until the process has that it wrote to FILE",
             .yields = true, .completion = COMPLETE_FILE),
    OPT_CALL("unlock", "NAMES", take_unlock, "give back what is held by --for-pid",
             .completion = COMPLETE_LOCK, .yields = true),
    OPT_FLAG("print", for_pid.print, "with --for-pid: print what was obtained", .yields = true),
    OPT_TEXT("format", "FORMAT", format,
             "print it as plain names, for eval by sh or csh, or as json; with --locklist: columns",
             .yields = true, .words = "plain|sh|csh|json", .completion = COMPLETE_WORDS),
    OPT_CALL("extend", "SECONDS", take_extend,
             "inside of a command, or with --for-pid: put the hold limit off by so long",
             .yields = true),
    OPT_CALL("pidstatd-port", "PORT", for_pid_options_take_port,
             "the port of pidstatd on HOST (pidstatd, 1752)", .yields = true,
             .client_default = "1752"),
    OPT_GROUP("The command"),
    OPT_FLAG("exec", exec, "run the words as they are, without a shell"),
    OPT_GROUP("Instead of a command"),
    OPT_CALL("locklist", NULL, take_locklist, "list the locks that are held"),
    OPT_CALL("pools", NULL, take_pools, "list the pools of seats, and how full they are",
             .yields = true),
    OPT_CALL("explain", NULL, take_explain,
             "say what would come of --lock NAMES now, and why, and ask for nothing",
             .yields = true),
    OPT_CALL("show-config", NULL, take_show_config,
             "say which servers and defaults hold, and where that is said", .yields = true),
    OPT_FLAG("json", json, "with --locklist, --pools, --explain, --show-config or --ping: as JSON"),
    OPT_CALL("owner", "NAME", take_owner, "print who has the lock", .completion = COMPLETE_LOCK,
             .repeats = true),
    OPT_CALL("break", "NAME", take_break, "take the lock away from who has it",
             .completion = COMPLETE_LOCK, .repeats = true),
    OPT_CALL("cancel", "OWNER", take_cancel, "take an owner's waits off the queue", .yields = true),
    OPT_CALL("cancel-job", "ID", take_cancel_job, "the same of a scheduler's job", .yields = true),
    OPT_CALL("outside", "POOL=N", take_outside, "tell that N seats of a pool are in use elsewhere",
             .yields = true),
    OPT_CALL("offline", "NAMES", take_offline, "take locks, or seats of pools, out of use",
             .yields = true),
    OPT_CALL("online", "NAMES", take_online, "put them back", .yields = true),
    OPT_WHOLE_SECONDS("for", for_s, 1, POOL_OPTIONS_FOR_MOST_S,
                      "with --outside or --offline: until it is over by itself", .yields = true),
    OPT_TEXT("reason", "TEXT", reason, "with --offline: why, for who waits", .yields = true),
    OPT_CALL("ping", NULL, take_ping, "see whether a server answers"),
    OPT_GROUP("What --locklist shows"),
    OPT_CALL("job", "ID", list_options_take_job, "of a scheduler's job: 4711, 4711_3"),
    OPT_CALL("user", "USERS", list_options_take_user, "of these users", .yields = true,
             .completion = COMPLETE_USER),
    OPT_CALL("on-host", "HOSTS", list_options_take_on_host, "of processes on these hosts",
             .yields = true, .completion = COMPLETE_HOST),
    OPT_FLAG("me", list.view.filter.only_mine, "of the user who asks", .yields = true),
    OPT_WORD("by", "WHAT", list.view.by, TALLY_WORDS,
             "what each user, host, job or pool holds and waits for, in all", .yields = true),
    OPT_TEXT("sort", "COLUMNS", list.sort,
             "in the order of these columns; -COLUMN: the largest first", .yields = true),
    OPT_FLAG("no-header", list.view.no_heading, "without headings", .yields = true),
    OPT_FLAG("expand", list.view.expands, "a line for each lock", .yields = true),
    OPT_SECONDS("watch", list.watch_ms, 200, WAIT_MAX_MS, "again and again, so often",
                .yields = true),
    OPT_GROUP("The server"),
    OPT_CALL("dhost", "HOSTS", take_hosts, "servers, tried in order: farm1:farm2 (IPCLOCKER_HOST)",
             .completion = COMPLETE_HOST),
    OPT_CALL("host", "HOSTS", take_hosts, "the same", .completion = COMPLETE_HOST, .yields = true),
    OPT_TEXT("port", "PORT", port, "their port, or a service (IPCLOCKER_PORT, else 1751)"),
    OPT_TEXT("path", "PATH", path, "ask the server of this UNIX socket instead",
             .completion = COMPLETE_FILE),
    OPT_NUMBER("connect-tries", "N", tries, 0, UINT32_MAX,
               "try to reach a server N times; 0: for ever (3 or 8)", .client_default = ""),
    OPT_SECONDS("connect-delay", delay_ms, 0, UINT32_MAX, "first pause between the tries (1)",
                .client_default = "1"),
    OPT_FLAG("debug", debug, "show the conversation with the server"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockersh",
    .usage = "lockersh [OPTION]... --lock NAMES COMMAND [WORD]...\n"
             "lockersh [OPTION]... --lock NAMES --for-pid PID [--print]\n"
             "lockersh --unlock NAMES --for-pid PID\n"
             "lockersh --extend SECONDS\n"
             "lockersh --locklist [NAMES] [--json] [OPTION]...\n"
             "lockersh --explain [--json] --lock NAMES [OPTION]...\n"
             "lockersh --pools [--json]\n"
             "lockersh --outside POOL=N --for SECONDS\n"
             "lockersh --offline NAMES | --online NAMES\n"
             "lockersh --cancel OWNER | --cancel-job ID\n"
             "lockersh --owner NAME | --break NAME\n"
             "lockersh --ping [--json] | --show-config [--json]",
    .summary = "Runs COMMAND while it holds a lock that a lockerd grants, one of several if need "
               "be.",
    .options = option_table,
    .notes = "Exit status: the command's own; 1 lock not obtained; 64 usage; 69 no server answers; "
             "71 system error; 126 or 127 command not run; 128+N after signal N. See lockersh(1).",
    .words = WORDS_COMMAND,
};

#define JSON_GOES_WITH "--json goes with --locklist, --pools, --explain, --show-config or --ping"

static int check_no_command(const struct lockersh_options *options)
{
    char shown[MESSAGE_EXCERPT_SIZE];

    if (options->command[0] == NULL)
        return -1;
    return cli_error("lockersh", EX_USAGE,
                     "\"%s\" is too much: no command runs with --locklist, --explain, --owner, "
                     "--break, --unlock, --for-pid, --show-config or --ping",
                     message_excerpt(shown, options->command[0], strlen(options->command[0])));
}

static int check_command(const struct lockersh_options *options)
{
    if (options->demand.group_count == 0)
        return cli_error("lockersh", EX_USAGE, "no lock is named; use --lock NAME");
    if (options->demand.groups[0].name_count == 0)
        return cli_error("lockersh", EX_USAGE, "--count has no --lock; use --lock NAME");
    if (options->hold_s > 0 && options->keep_ms / 1000 > (int64_t)options->hold_s)
        return cli_error("lockersh", EX_USAGE,
                         "--keep is longer than --hold-timeout, which ends whatever is held");
    if (options->action == LOCKERSH_EXPLAIN)
        return check_no_command(options);
    if (options->json)
        return cli_error("lockersh", EX_USAGE, JSON_GOES_WITH);
    if (options->for_pid.pid != 0)
        return check_no_command(options);
    if (options->command[0] == NULL)
        return cli_error("lockersh", EX_USAGE, "no command is given; put it behind the options");
    if (options->exec && options->command[0][0] == '\0')
        return cli_error("lockersh", EX_USAGE,
                         "the command of --exec is an empty word; name a program");
    return -1;
}

/* Returns as lockersh_options_parse(). */
static int check(const struct lockersh_options *options)
{
    int status;

    if (options->hosts != NULL && options->path != NULL)
        return cli_error("lockersh", EX_USAGE, "choose one of --dhost and --path");
    if (options->verbose && options->quiet)
        return cli_error("lockersh", EX_USAGE, "choose one of --verbose and --quiet");
    status = pool_options_check(options);
    if (status < 0)
        status = for_pid_options_check(options);
    if (status >= 0)
        return status;
    if (options->action == LOCKERSH_RUN || options->action == LOCKERSH_EXPLAIN)
        return check_command(options);
    status = check_no_command(options);
    if (status >= 0)
        return status;
    if (options->demand.group_count > 0)
        return cli_error("lockersh", EX_USAGE,
                         "--lock goes with a command or --explain; name the lock behind --owner or "
                         "--break");
    if (options->json && options->action != LOCKERSH_LIST && options->action != LOCKERSH_POOLS &&
        options->action != LOCKERSH_SHOW_CONFIG && options->action != LOCKERSH_PING)
        return cli_error("lockersh", EX_USAGE, JSON_GOES_WITH);
    return -1;
}

static void init(struct lockersh_options *options)
{
    *options = (struct lockersh_options){
        .wait_ms = -1,
        .tries = OPTIONS_NO_TRIES,
        .delay_ms = 1000,
        .conflict_status = 1,
        .queue_most = -1,
        .loss.grace_ms = 30000,
        .list.view.by = TALLY_NOTHING,
    };
}

/* What is listed has names behind it, and no options of its own as a command has. */
static int read_words(struct lockersh_options *options, int argc, char **argv,
                      struct options_outcome *outcome)
{
    struct command_line mixed = command_line;
    int status = command_line_parse_all(&command_line, argc, argv, options, outcome);

    if (status >= 0 || options->action != LOCKERSH_LIST || outcome->words[0] == NULL)
        return status;
    lockersh_options_fini(options);
    init(options);
    mixed.words = WORDS_MIXED;
    return command_line_parse_all(&mixed, argc, argv, options, outcome);
}

static int read_line(struct lockersh_options *options, int argc, char **argv,
                     struct options_outcome *outcome)
{
    int status = read_words(options, argc, argv, outcome);

    options->command = outcome->words;
    if (status < 0)
        status = list_options_settle(options);
    if (status < 0)
        status = for_pid_options_settle(options);
    return status < 0 ? check(options) : status;
}

int lockersh_options_parse(struct lockersh_options *options, int argc, char **argv)
{
    struct options_outcome outcome;
    int status;

    init(options);
    status = read_line(options, argc, argv, &outcome);
    if (status >= 0)
        return status;
    /* Behind the checks: a farm's default excludes nothing. */
    status = file_defaults_apply(options, option_table, outcome.given);
    if (status < 0 && options->action == LOCKERSH_SHOW_CONFIG)
        status = show_config(options, option_table, &outcome);
    if (status >= 0)
        return status;
    if (options->wait_ms == 0)
        options->nonblock = true;
    options->loss.quiet = options->quiet;
    return -1;
}

void lockersh_options_fini(struct lockersh_options *options)
{
    lock_demand_fini(&options->demand);
    list_options_fini(&options->list);
    defaults_free(options->defaults);
    options->defaults = NULL;
}

enum progress_talk lockersh_options_talk(const struct lockersh_options *options)
{
    if (options->quiet)
        return PROGRESS_QUIET;
    return options->verbose ? PROGRESS_VERBOSE : PROGRESS_USUAL;
}

void lockersh_options_describe(const struct lockersh_options *options, char *out, size_t out_size)
{
    char text[128];

    lock_demand_describe(&options->demand, text, sizeof text);
    text_clean(out, out_size, text, strlen(text));
}
