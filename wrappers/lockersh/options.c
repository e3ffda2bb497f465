/* Parses and checks the command line of lockersh.
 * Must not print, nor talk to a server: what is wrong is known before one is asked. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

enum {
    OPT_DHOST = 1,
    OPT_PORT,
    OPT_PATH,
    OPT_LOCK,
    OPT_AND,
    OPT_COUNT,
    OPT_TIMEOUT,
    OPT_NONBLOCK,
    OPT_HOLD_TIMEOUT,
    OPT_CONFLICT_EXIT_CODE,
    OPT_CONNECT_TRIES,
    OPT_CONNECT_DELAY,
    OPT_EXEC,
    OPT_LOCKLIST,
    OPT_JSON,
    OPT_JOB,
    OPT_OWNER,
    OPT_BREAK,
    OPT_PING,
    OPT_VERBOSE,
    OPT_DEBUG,
    OPT_HELP,
    OPT_VERSION,
};

const struct option_spec lockersh_option_table[] = {
    {OPT_LOCK, 0, "lock", "NAMES", "lock one of NAMES: a:b, vcs[1-8]; again: further names"},
    {OPT_COUNT, 0, "count", "N", "lock N of the names instead of one"},
    {OPT_AND, 0, "and", "NAMES", "and one of these, all or nothing; --lock, --count go on here"},
    {OPT_TIMEOUT, 'w', "timeout", "SECONDS", "wait no longer than this for the lock"},
    {OPT_NONBLOCK, 'n', "nonblock", NULL, "do not wait for the lock at all"},
    {OPT_CONFLICT_EXIT_CODE, 'E', "conflict-exit-code", "N",
     "exit with N when the lock is not obtained (1)"},
    {OPT_HOLD_TIMEOUT, 0, "hold-timeout", "SECONDS", "have the lock taken back after so long"},
    {OPT_EXEC, 0, "exec", NULL, "run the words as they are, without a shell"},
    {OPT_LOCKLIST, 0, "locklist", NULL, "list the locks that are held"},
    {OPT_JSON, 0, "json", NULL, "with --locklist: locks and waiters as JSON"},
    {OPT_JOB, 0, "job", "ID", "with --locklist: those of a scheduler's job: 4711, 4711_3"},
    {OPT_OWNER, 0, "owner", "NAME", "print who has the lock"},
    {OPT_BREAK, 0, "break", "NAME", "take the lock away from who has it"},
    {OPT_PING, 0, "ping", NULL, "see whether a server answers"},
    {OPT_DHOST, 0, "dhost", "HOSTS", "servers, tried in order: farm1:farm2 (IPCLOCKER_HOST)"},
    {OPT_PORT, 0, "port", "PORT", "their port, or a service (IPCLOCKER_PORT, else 1751)"},
    {OPT_PATH, 0, "path", "PATH", "ask the server of this UNIX socket instead"},
    {OPT_CONNECT_TRIES, 0, "connect-tries", "N", "try to reach a server N times; 0: for ever (3)"},
    {OPT_CONNECT_DELAY, 0, "connect-delay", "SECONDS", "first pause between the tries (1)"},
    {OPT_VERBOSE, 0, "verbose", NULL, "say what is waited for, and when it is obtained"},
    {OPT_DEBUG, 0, "debug", NULL, "show the conversation with the server"},
    {OPT_HELP, 'h', "help", NULL, "print this and exit"},
    {OPT_VERSION, 'V', "version", NULL, "print the version and exit"},
    {0, 0, NULL, NULL, NULL},
};

struct parse {
    struct lockersh_options *options;
    char *error;
    size_t error_size;
};

static int fail(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct parse *parse, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(parse->error, parse->error_size, format, args);
    va_end(args);
    errno = EINVAL;
    return -1;
}

/* A word of the user's for an error line: harmless, and not longer than it needs to be. */
static const char *show(char shown[64], const char *text)
{
    enum { SHOWN_MAX = 40 };
    size_t len = strlen(text);
    size_t used = text_clean(shown, 60, text, len > SHOWN_MAX ? SHOWN_MAX : len);

    if (len > SHOWN_MAX)
        memcpy(shown + used, "...", sizeof "...");
    return shown;
}

static int take_number(struct parse *parse, const char *option, const char *text, uint64_t min,
                       uint64_t max, uint64_t *value)
{
    char shown[64];

    if (number_parse(text, max, value) == 0 && *value >= min)
        return 0;
    return fail(parse, "--%s \"%s\" is no number from %llu to %llu", option, show(shown, text),
                (unsigned long long)min, (unsigned long long)max);
}

static int take_seconds(struct parse *parse, const char *option, const char *text,
                        int64_t *value_ms)
{
    /* A hundred years. */
    static const int64_t max_ms = INT64_C(100) * 366 * 86400 * 1000;
    char shown[64];

    if (number_parse_seconds(text, max_ms, value_ms) == 0)
        return 0;
    return fail(parse, "--%s \"%s\" is no number of seconds%s", option, show(shown, text),
                strchr(text, ',') != NULL ? "; use a point: 0.5" : "");
}

static struct lockersh_group *last_group(struct lockersh_options *options)
{
    if (options->group_count == 0)
        options->groups[options->group_count++] = (struct lockersh_group){.count = 1};
    return &options->groups[options->group_count - 1];
}

static int check_name(struct parse *parse, const char *option, const char *names)
{
    char shown[64];

    if (strpbrk(names, " \t\r\n\v\f") == NULL)
        return 0;
    return fail(parse,
                "--%s \"%s\": a lock's name cannot have white space; separate names by colons",
                option, show(shown, names));
}

static int take_lock(struct parse *parse, const char *option, const char *names)
{
    struct lockersh_group *group = last_group(parse->options);
    char *joined;

    if (check_name(parse, option, names) != 0)
        return -1;
    if (asprintf(&joined, "%s%s%s", group->names != NULL ? group->names : "",
                 group->names != NULL ? ":" : "", names) < 0)
        return fail(parse, "out of memory");
    free(group->names);
    group->names = joined;
    return 0;
}

static int take_and(struct parse *parse, const char *names)
{
    struct lockersh_options *options = parse->options;

    if (last_group(options)->names == NULL)
        return fail(parse, "--and has no --lock before it");
    if (options->group_count == LOCKERSH_GROUPS_MAX)
        return fail(parse, "more than %d groups", LOCKERSH_GROUPS_MAX);
    options->groups[options->group_count++] = (struct lockersh_group){.count = 1};
    return take_lock(parse, "and", names);
}

static int take_count(struct parse *parse, const char *text)
{
    struct lockersh_group *group = last_group(parse->options);

    if (group->counted)
        return fail(parse, "--count was given twice for the same locks; begin others by --and");
    group->counted = true;
    return take_number(parse, "count", text, 1, 1024, &group->count);
}

static int take_job(struct parse *parse, const char *id)
{
    char shown[64];

    for (const char *c = id; *c != '\0'; c++) {
        if (!isgraph((unsigned char)*c))
            return fail(parse, "--job \"%s\" is no job's id", show(shown, id));
    }
    if (*id == '\0')
        return fail(parse, "--job needs the id of a job, as the scheduler writes it: 4711_3");
    parse->options->job = id;
    return 0;
}

static int take_action(struct parse *parse, enum lockersh_action action, const char *target)
{
    if (parse->options->action != LOCKERSH_RUN && parse->options->action != action)
        return fail(parse, "choose one of --locklist, --owner, --break and --ping");
    if (parse->options->target != NULL)
        return fail(parse, "--owner or --break was given twice; separate names by colons");
    parse->options->action = action;
    parse->options->target = target;
    return 0;
}

static int take_flag(struct parse *parse, int id)
{
    struct lockersh_options *options = parse->options;

    switch (id) {
    case OPT_NONBLOCK:
        options->block = false;
        return 0;
    case OPT_EXEC:
        options->exec = true;
        return 0;
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_VERBOSE:
        options->verbose = true;
        return 0;
    case OPT_DEBUG:
        options->debug = true;
        return 0;
    case OPT_LOCKLIST:
        return take_action(parse, LOCKERSH_LIST, NULL);
    case OPT_PING:
        return take_action(parse, LOCKERSH_PING, NULL);
    default:
        return fail(parse, "an option of the table is not handled");
    }
}

static int take_option(struct parse *parse, int id, const char *argument)
{
    struct lockersh_options *options = parse->options;

    switch (id) {
    case OPT_DHOST:
        options->hosts = argument;
        return 0;
    case OPT_PORT:
        options->port = argument;
        return 0;
    case OPT_PATH:
        options->path = argument;
        return 0;
    case OPT_LOCK:
        return take_lock(parse, "lock", argument);
    case OPT_AND:
        return take_and(parse, argument);
    case OPT_COUNT:
        return take_count(parse, argument);
    case OPT_TIMEOUT:
        return take_seconds(parse, "timeout", argument, &options->wait_ms);
    case OPT_HOLD_TIMEOUT:
        return take_number(parse, "hold-timeout", argument, 0, UINT32_MAX, &options->hold_s);
    case OPT_CONFLICT_EXIT_CODE:
        return take_number(parse, "conflict-exit-code", argument, 0, 255,
                           &options->conflict_status);
    case OPT_CONNECT_TRIES:
        return take_number(parse, "connect-tries", argument, 0, UINT32_MAX, &options->tries);
    case OPT_CONNECT_DELAY:
        return take_seconds(parse, "connect-delay", argument, &options->delay_ms);
    case OPT_JOB:
        return take_job(parse, argument);
    case OPT_OWNER:
        return check_name(parse, "owner", argument) != 0
                   ? -1
                   : take_action(parse, LOCKERSH_OWNER, argument);
    case OPT_BREAK:
        return check_name(parse, "break", argument) != 0
                   ? -1
                   : take_action(parse, LOCKERSH_BREAK, argument);
    default:
        return take_flag(parse, id);
    }
}

static int check_command(struct parse *parse)
{
    const struct lockersh_options *options = parse->options;

    if (options->group_count == 0)
        return fail(parse, "no lock is named; use --lock NAME");
    if (options->groups[0].names == NULL)
        return fail(parse, "--count has no --lock; use --lock NAME");
    if (options->json)
        return fail(parse, "--json goes with --locklist");
    if (options->command[0] == NULL)
        return fail(parse, "no command is given; put it behind the options");
    return 0;
}

static int check(struct parse *parse)
{
    struct lockersh_options *options = parse->options;
    char shown[64];

    if (options->hosts != NULL && options->path != NULL)
        return fail(parse, "choose one of --dhost and --path");
    if (options->delay_ms > UINT32_MAX)
        return fail(parse, "--connect-delay is too long");
    if (options->job != NULL && options->action != LOCKERSH_LIST)
        return fail(parse, "--job goes with --locklist");
    if (options->wait_ms == 0)
        options->block = false;
    if (options->action == LOCKERSH_RUN)
        return check_command(parse);
    if (options->command[0] != NULL)
        return fail(parse,
                    "\"%s\" is too much: no command runs with --locklist, --owner, --break "
                    "or --ping",
                    show(shown, options->command[0]));
    if (options->group_count > 0)
        return fail(parse, "--lock goes with a command; name the lock behind --owner or --break");
    if (options->json && options->action != LOCKERSH_LIST)
        return fail(parse, "--json goes with --locklist");
    return 0;
}

int lockersh_options_parse(struct lockersh_options *options, int argc, char **argv, char *error,
                           size_t error_size)
{
    struct parse parse = {.options = options, .error = error, .error_size = error_size};
    const char *argument = NULL;
    int id;

    *options = (struct lockersh_options){
        .block = true, .wait_ms = -1, .tries = 3, .delay_ms = 1000, .conflict_status = 1};
    while ((id = options_next(lockersh_option_table, argc, argv, &argument, error, error_size)) !=
           OPTIONS_END) {
        if (id == OPT_HELP || id == OPT_VERSION) {
            options->action = id == OPT_HELP ? LOCKERSH_HELP : LOCKERSH_VERSION;
            return 0;
        }
        if (id == OPTIONS_ERROR || take_option(&parse, id, argument) != 0)
            return -1;
    }
    options->command = argv + optind;
    return check(&parse);
}

void lockersh_options_fini(struct lockersh_options *options)
{
    while (options->group_count > 0)
        free(options->groups[--options->group_count].names);
}

void lockersh_options_describe(const struct lockersh_options *options, char *out, size_t out_size)
{
    char text[128] = "";
    size_t used = 0;

    for (size_t i = 0; i < options->group_count && used < sizeof text; i++) {
        const struct lockersh_group *group = &options->groups[i];
        char count[32] = "";

        if (group->count > 1)
            snprintf(count, sizeof count, "%llu of ", (unsigned long long)group->count);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s", i > 0 ? " and " : "",
                                 count, group->names);
    }
    if (used >= sizeof text)
        memcpy(text + sizeof text - sizeof "...", "...", sizeof "...");
    text_clean(out, out_size, text, strlen(text));
}

static int blame(const struct ipclocker *lock, const char *option, char *error, size_t error_size)
{
    snprintf(error, error_size, "--%s: %s", option, ipclocker_error(lock));
    return -1;
}

static int apply_server(const struct lockersh_options *options, struct ipclocker *lock, char *error,
                        size_t error_size)
{
    if (options->hosts != NULL && ipclocker_set_hosts(lock, options->hosts) != 0)
        return blame(lock, "dhost", error, error_size);
    if (options->port != NULL && ipclocker_set_port(lock, options->port) != 0)
        return blame(lock, "port", error, error_size);
    if (options->path != NULL && ipclocker_set_path(lock, options->path) != 0)
        return blame(lock, "path", error, error_size);
    ipclocker_set_connect_tries(lock, (unsigned)options->tries);
    ipclocker_set_connect_delay(lock, (unsigned)options->delay_ms);
    return 0;
}

int lockersh_options_apply(const struct lockersh_options *options, struct ipclocker *lock,
                           char *error, size_t error_size)
{
    if (apply_server(options, lock, error, error_size) != 0)
        return -1;
    for (size_t i = 0; i < options->group_count; i++) {
        const struct lockersh_group *group = &options->groups[i];
        int result = i == 0 ? ipclocker_set_locks(lock, group->names, group->count)
                            : ipclocker_add_locks(lock, group->names, group->count);

        if (result != 0)
            return blame(lock, i == 0 ? "lock" : "and", error, error_size);
    }
    ipclocker_set_block(lock, options->block);
    ipclocker_set_wait_limit(lock, options->block ? options->wait_ms : -1);
    ipclocker_set_hold_limit(lock, options->hold_s);
    /* The monitor stands for the job: should it be killed too, the server looks at the job. */
    ipclocker_set_session(lock, true);
    ipclocker_set_destroy_unlock(lock, false);
    return 0;
}
