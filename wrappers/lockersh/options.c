/* Parses and checks the command line of lockersh.
 * Must not talk to a server: what is wrong is known before one is asked. */
#include "options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"

/* A hundred years. */
#define WAIT_MAX_MS (INT64_C(100) * 366 * 86400 * 1000)

static int complain_no_memory(void)
{
    return cli_error("lockersh", EX_OSERR, "out of memory");
}

/* Begins the first group, if there is none yet. */
static int begin_first_group(struct lockersh_options *options)
{
    if (options->demand.group_count > 0 || lock_demand_add_group(&options->demand, NULL, 0) == 0)
        return 0;
    return complain_no_memory();
}

/* Other lists of locks, and those in brackets, have commas. */
static bool has_comma(const char *names)
{
    int depth = 0;

    for (; *names != '\0'; names++) {
        depth += (*names == '[') - (*names == ']');
        if (*names == ',' && depth == 0)
            return true;
    }
    return false;
}

static int check_name(const char *option, const char *names)
{
    char shown[MESSAGE_EXCERPT_SIZE];

    message_excerpt(shown, names, strlen(names));
    if (strpbrk(names, " \t\r\n\v\f") == NULL) {
        if (has_comma(names))
            cli_error("lockersh", 0,
                      "warning: --%s \"%s\": a comma is a part of a lock's name; separate names by "
                      "colons",
                      option, shown);
        return 0;
    }
    return cli_error("lockersh", EX_USAGE,
                     "--%s \"%s\": a lock's name cannot have white space; separate names by colons",
                     option, shown);
}

static int take_lock(void *context, const char *names)
{
    struct lockersh_options *options = context;
    int status = check_name("lock", names);

    if (status == 0)
        status = begin_first_group(options);
    if (status == 0 && lock_demand_add_name(&options->demand, names) != 0)
        status = complain_no_memory();
    return status;
}

static int take_and(void *context, const char *names)
{
    struct lockersh_options *options = context;
    struct lock_demand *demand = &options->demand;

    if (demand->group_count == 0 || demand->groups[demand->group_count - 1].name_count == 0)
        return cli_error("lockersh", EX_USAGE, "--and has no --lock before it");
    if (demand->group_count == LOCKERSH_GROUPS_MAX)
        return cli_error("lockersh", EX_USAGE, "more than %d groups", LOCKERSH_GROUPS_MAX);
    options->counted = false;
    if (check_name("and", names) != 0)
        return EX_USAGE;
    return lock_demand_add_group(demand, &names, 1) == 0 ? 0 : complain_no_memory();
}

static int take_count(void *context, const char *text)
{
    enum { COUNT_MAX = 1024 };
    struct lockersh_options *options = context;
    char shown[MESSAGE_EXCERPT_SIZE];
    uint64_t count;

    if (options->counted)
        return cli_error("lockersh", EX_USAGE,
                         "--count was given twice for the same locks; begin others by --and");
    options->counted = true;
    if (number_parse(text, COUNT_MAX, &count) != 0 || count == 0)
        return cli_error("lockersh", EX_USAGE, "--count \"%s\" is no number from 1 to %d",
                         message_excerpt(shown, text, strlen(text)), COUNT_MAX);
    if (begin_first_group(options) != 0)
        return EX_OSERR;
    lock_demand_set_count(&options->demand, (size_t)count);
    return 0;
}

static int take_job(void *context, const char *id)
{
    struct lockersh_options *options = context;
    char shown[MESSAGE_EXCERPT_SIZE];

    for (const char *c = id; *c != '\0'; c++) {
        if (!isgraph((unsigned char)*c))
            return cli_error("lockersh", EX_USAGE, "--job \"%s\" is no job's id",
                             message_excerpt(shown, id, strlen(id)));
    }
    if (*id == '\0')
        return cli_error("lockersh", EX_USAGE,
                         "--job needs the id of a job, as the scheduler writes it: 4711_3");
    options->job = id;
    return 0;
}

static int take_action(struct lockersh_options *options, enum lockersh_action action,
                       const char *target)
{
    if (options->action != LOCKERSH_RUN && options->action != action)
        return cli_error("lockersh", EX_USAGE,
                         "choose one of --locklist, --owner, --break and --ping");
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

static int take_owner(void *context, const char *name)
{
    int status = check_name("owner", name);

    return status != 0 ? status : take_action(context, LOCKERSH_OWNER, name);
}

static int take_break(void *context, const char *name)
{
    int status = check_name("break", name);

    return status != 0 ? status : take_action(context, LOCKERSH_BREAK, name);
}

#define SETTINGS struct lockersh_options
static const struct option_spec option_table[] = {
    OPT_GROUP("What is locked"),
    OPT_CALL("lock", "NAMES", take_lock, "lock one of NAMES: a:b, vcs[1-8]; again: further names",
             .completion = COMPLETE_LOCK, .repeats = true),
    OPT_CALL("count", "N", take_count, "lock N of the names instead of one", .repeats = true),
    OPT_CALL("and", "NAMES", take_and,
             "and one of these, all or nothing; --lock, --count go on here",
             .completion = COMPLETE_LOCK, .repeats = true),
    OPT_NUMBER("hold-timeout", "SECONDS", hold_s, 0, UINT32_MAX,
               "have the lock taken back after so long"),
    OPT_GROUP("Waiting"),
    OPT_SECONDS("timeout", wait_ms, 0, WAIT_MAX_MS, "wait no longer than this for the lock",
                .letter = 'w'),
    OPT_FLAG("nonblock", nonblock, "do not wait for the lock at all", .letter = 'n'),
    OPT_NUMBER("conflict-exit-code", "N", conflict_status, 0, 255,
               "exit with N when the lock is not obtained (1)", .letter = 'E'),
    OPT_FLAG("verbose", verbose, "say what is waited for, and when it is obtained"),
    OPT_GROUP("The command"),
    OPT_FLAG("exec", exec, "run the words as they are, without a shell"),
    OPT_GROUP("Instead of a command"),
    OPT_CALL("locklist", NULL, take_locklist, "list the locks that are held"),
    OPT_FLAG("json", json, "with --locklist: locks and waiters as JSON"),
    OPT_CALL("job", "ID", take_job, "with --locklist: those of a scheduler's job: 4711, 4711_3"),
    OPT_CALL("owner", "NAME", take_owner, "print who has the lock", .completion = COMPLETE_LOCK,
             .repeats = true),
    OPT_CALL("break", "NAME", take_break, "take the lock away from who has it",
             .completion = COMPLETE_LOCK, .repeats = true),
    OPT_CALL("ping", NULL, take_ping, "see whether a server answers"),
    OPT_GROUP("The server"),
    OPT_TEXT("dhost", "HOSTS", hosts, "servers, tried in order: farm1:farm2 (IPCLOCKER_HOST)",
             .completion = COMPLETE_HOST),
    OPT_TEXT("port", "PORT", port, "their port, or a service (IPCLOCKER_PORT, else 1751)"),
    OPT_TEXT("path", "PATH", path, "ask the server of this UNIX socket instead",
             .completion = COMPLETE_FILE),
    OPT_NUMBER("connect-tries", "N", tries, 0, UINT32_MAX,
               "try to reach a server N times; 0: for ever (3)"),
    OPT_SECONDS("connect-delay", delay_ms, 0, UINT32_MAX, "first pause between the tries (1)"),
    OPT_FLAG("debug", debug, "show the conversation with the server"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockersh",
    .usage = "lockersh [OPTION]... --lock NAMES COMMAND [WORD]...\n"
             "lockersh --locklist [--json] [--job ID]\n"
             "lockersh --owner NAME | --break NAME | --ping",
    .summary = "Runs COMMAND while it holds a lock that a lockerd grants, one of several if need "
               "be.",
    .options = option_table,
    .notes = "Exit status: the command's own; 1 lock not obtained; 64 usage; 69 no server answers; "
             "71 system error; 126 or 127 command not run; 128+N after signal N. See lockersh(1).",
    .words = WORDS_COMMAND,
};

static int check_command(const struct lockersh_options *options)
{
    if (options->demand.group_count == 0)
        return cli_error("lockersh", EX_USAGE, "no lock is named; use --lock NAME");
    if (options->demand.groups[0].name_count == 0)
        return cli_error("lockersh", EX_USAGE, "--count has no --lock; use --lock NAME");
    if (options->json)
        return cli_error("lockersh", EX_USAGE, "--json goes with --locklist");
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
    char shown[MESSAGE_EXCERPT_SIZE];

    if (options->hosts != NULL && options->path != NULL)
        return cli_error("lockersh", EX_USAGE, "choose one of --dhost and --path");
    if (options->job != NULL && options->action != LOCKERSH_LIST)
        return cli_error("lockersh", EX_USAGE, "--job goes with --locklist");
    if (options->action == LOCKERSH_RUN)
        return check_command(options);
    if (options->command[0] != NULL)
        return cli_error("lockersh", EX_USAGE,
                         "\"%s\" is too much: no command runs with --locklist, --owner, --break or "
                         "--ping",
                         message_excerpt(shown, options->command[0], strlen(options->command[0])));
    if (options->demand.group_count > 0)
        return cli_error("lockersh", EX_USAGE,
                         "--lock goes with a command; name the lock behind --owner or --break");
    if (options->json && options->action != LOCKERSH_LIST)
        return cli_error("lockersh", EX_USAGE, "--json goes with --locklist");
    return -1;
}

int lockersh_options_parse(struct lockersh_options *options, int argc, char **argv)
{
    int status;

    *options = (struct lockersh_options){
        .wait_ms = -1, .tries = 3, .delay_ms = 1000, .conflict_status = 1};
    status = command_line_parse(&command_line, argc, argv, options, &options->command);
    if (status >= 0)
        return status;
    if (options->wait_ms == 0)
        options->nonblock = true;
    return check(options);
}

void lockersh_options_fini(struct lockersh_options *options)
{
    lock_demand_fini(&options->demand);
}

void lockersh_options_describe(const struct lockersh_options *options, char *out, size_t out_size)
{
    char text[128];

    lock_demand_describe(&options->demand, text, sizeof text);
    text_clean(out, out_size, text, strlen(text));
}

static int blame(const struct ipclocker *lock, const char *option)
{
    return cli_error("lockersh", EX_USAGE, "--%s: %s", option, ipclocker_error(lock));
}

static int apply_server(const struct lockersh_options *options, struct ipclocker *lock)
{
    if (options->hosts != NULL && ipclocker_set_hosts(lock, options->hosts) != 0)
        return blame(lock, "dhost");
    if (options->port != NULL && ipclocker_set_port(lock, options->port) != 0)
        return blame(lock, "port");
    if (options->path != NULL && ipclocker_set_path(lock, options->path) != 0)
        return blame(lock, "path");
    ipclocker_set_connect_tries(lock, (unsigned)options->tries);
    ipclocker_set_connect_delay(lock, (unsigned)options->delay_ms);
    return 0;
}

static int apply_group(const struct lock_group *group, bool is_first, struct ipclocker *lock)
{
    char *names = lock_names_join(group->names, group->name_count, ':');
    int result;

    if (names == NULL)
        return complain_no_memory();
    result = is_first ? ipclocker_set_locks(lock, names, group->count)
                      : ipclocker_add_locks(lock, names, group->count);
    free(names);
    return result == 0 ? 0 : blame(lock, is_first ? "lock" : "and");
}

int lockersh_options_apply(const struct lockersh_options *options, struct ipclocker *lock)
{
    int status = apply_server(options, lock);

    for (size_t i = 0; i < options->demand.group_count && status == 0; i++)
        status = apply_group(&options->demand.groups[i], i == 0, lock);
    if (status != 0)
        return status;
    ipclocker_set_block(lock, !options->nonblock);
    ipclocker_set_wait_limit(lock, options->nonblock ? -1 : options->wait_ms);
    ipclocker_set_hold_limit(lock, options->hold_s);
    /* The monitor stands for the job: should it be killed too, the server looks at the job. */
    ipclocker_set_session(lock, true);
    ipclocker_set_destroy_unlock(lock, false);
    return 0;
}
