/* Reads and checks the command line of pidwatch.
 * Must not look at the processes that it names. */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/command_line.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "net/port.h"
#include "process/signal_name.h"

#define SECONDS_MAX_MS INT64_C(1000000000000)

/* Without the brackets that an IPv6 address may come in. */
static int take_host(void *context, const char *value)
{
    struct pidwatch_options *options = context;
    size_t len = strlen(value);
    int status = host_option_check("pidwatch", "host", value);

    if (status != 0)
        return status;
    if (len > 2 && value[0] == '[' && value[len - 1] == ']') {
        value++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof options->host || strpbrk(value, " \t\r\n\v\f") != NULL)
        return cli_error("pidwatch", EX_USAGE, "--host cannot be '%s'; give a host name or address",
                         value);
    snprintf(options->host, sizeof options->host, "%.*s", (int)len, value);
    options->watch.host = options->host;
    return 0;
}

/* A killer gets a number where a number was given, and a name where a name was. */
static int take_signal(void *context, const char *value)
{
    struct pidwatch_options *options = context;
    const char *bare = *value == '-' ? value + 1 : value;
    uint64_t number;

    options->watch.signal = signal_name_parse(value);
    if (options->watch.signal < 0)
        return cli_error("pidwatch", EX_USAGE, "there is no signal '%s'; see kill -l", value);
    if (number_parse(bare, INT_MAX, &number) == 0)
        snprintf(options->shown_signal, sizeof options->shown_signal, "%d", options->watch.signal);
    else
        signal_name_format(options->shown_signal, sizeof options->shown_signal,
                           options->watch.signal);
    return 0;
}

/* A number of /proc/PID/ns/pid, with or without the "pid:[]" that it is shown in. */
static int take_namespace(void *context, const char *value)
{
    struct pidwatch_options *options = context;
    char number[16];

    options->watch.any_namespace = strcmp(value, "any") == 0;
    if (options->watch.any_namespace)
        return 0;
    snprintf(number, sizeof number, "%s", strncmp(value, "pid:[", 5) == 0 ? value + 5 : value);
    number[strcspn(number, "]")] = '\0';
    if (number_parse(number, UINT32_MAX, &options->watch.pid_namespace) == 0 &&
        options->watch.pid_namespace != 0)
        return 0;
    return cli_error("pidwatch", EX_USAGE,
                     "--pid-namespace cannot be '%s'; give what readlink /proc/PID/ns/pid says "
                     "beside the process, or any",
                     value);
}

static int take_port(void *context, const char *value)
{
    struct pidwatch_options *options = context;

    if (port_parse(value, "udp", &options->watch.port) == 0)
        return 0;
    return cli_error("pidwatch", EX_USAGE,
                     "--port cannot be '%s'; give 1 to 65535 or a UDP service of /etc/services",
                     value);
}

#define SETTINGS struct pidwatch_options
static const struct option_spec option_table[] = {
    OPT_GROUP("What is watched"),
    OPT_CALL("host", "HOST", take_host, "the host of the process to watch (this one)",
             .completion = COMPLETE_HOST),
    OPT_NUMBER("pid", "PID", watch.pid, 1, INT32_MAX, "the process to watch"),
    OPT_NUMBER("start-time", "TICKS", watch.start, 1, UINT64_MAX,
               "when it started, field 22 of /proc/PID/stat on its host"),
    OPT_CALL("pid-namespace", "N", take_namespace,
             "the pid namespace that it is of, or \"any\" (the host's own)"),
    OPT_CALL("port", "PORT", take_port, "the port of pidstatd on that host (pidstatd, 1752)"),
    OPT_WORD("classic-pidstatd", "yes|no", watch.no_classic, "yes|no",
             "whether a pidstatd of the classic package is believed (yes)"),
    OPT_SECONDS("on-host-down", watch.host_down_ms, 0, SECONDS_MAX_MS,
                "take a host that is silent that long for dead"),
    OPT_GROUP("What is ended"),
    OPT_NUMBER("foreground", "PID", watch.victim.pid, 1, INT32_MAX,
               "end this process, which runs already"),
    OPT_TEXT("cd", "DIR", cd, "run the command there, if possible", .completion = COMPLETE_FOLDER),
    OPT_CALL("signal", "SIGNAL", take_signal, "send this signal, a name or number (HUP)",
             .words = "HUP|INT|QUIT|KILL|USR1|USR2|TERM", .completion = COMPLETE_WORDS),
    OPT_TEXT("killer", "PROGRAM", killer, "run PROGRAM -SIGNAL PID instead",
             .completion = COMPLETE_COMMAND),
    OPT_FLAG("kill-group", kill_group, "signal the command's whole process group"),
    OPT_FLAG("kill-tree", kill_tree, "signal all that the command has started"),
    OPT_SECONDS("grace", watch.grace_ms, 0, SECONDS_MAX_MS,
                "send KILL if it still runs that much later"),
    OPT_GROUP("What is said"),
    OPT_FLAG("quiet", quiet, "not a word of what was seen and sent"),
    OPT_FLAG("debug", debug, "show what the watcher asks and hears"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "pidwatch",
    .usage = "pidwatch [--host HOST] --pid PID [OPTION]... COMMAND...\n"
             "pidwatch [--host HOST] --pid PID [OPTION]... --foreground PID",
    .summary = "Runs a command and ends it when another process has ended.",
    .options = option_table,
    .notes = "Exit status: the command's own; 1 with --foreground, no such process; 64 usage; "
             "71 system error; 126 or 127 command not run; 128+N after signal N. See pidwatch(1).",
    .words = WORDS_COMMAND,
};

static int refuse(const char *why)
{
    return cli_error("pidwatch", EX_USAGE, "%s; see --help", why);
}

static int check_combination(const struct pidwatch_options *options)
{
    bool has_command = options->command[0] != NULL;

    if (options->watch.pid == 0)
        return refuse("--pid is missing: which process is to be watched?");
    if (options->foreground && has_command)
        return refuse("--foreground and a command exclude each other");
    if (!options->foreground && !has_command)
        return refuse("neither a command nor --foreground is given");
    if (options->killer != NULL && (options->kill_group || options->kill_tree))
        return refuse("--killer excludes --kill-group and --kill-tree");
    if (options->quiet && options->debug)
        return refuse("--quiet and --debug exclude each other");
    if (options->watch.host_down_ms >= 0 && options->watch.host_down_ms < WATCH_SILENCE_MIN_MS)
        return cli_error(
            "pidwatch", EX_USAGE,
            "--on-host-down is less than three lost datagrams take; give %g seconds or "
            "more",
            WATCH_SILENCE_MIN_MS / 1000.0);
    return 0;
}

static char *find_in_path(const char *name)
{
    const char *path = getenv("PATH");
    char *candidate, *found = NULL;

    if (path == NULL)
        path = "/usr/bin:/bin";
    while (found == NULL && *path != '\0') {
        size_t len = strcspn(path, ":");

        if (asprintf(&candidate, "%.*s/%s", len > 0 ? (int)len : 1, len > 0 ? path : ".", name) < 0)
            return NULL;
        if (access(candidate, X_OK) == 0)
            found = realpath(candidate, NULL);
        free(candidate);
        path += len + (path[len] == ':');
    }
    if (found == NULL)
        errno = ENOENT;
    return found;
}

/* In full: the watcher works in another folder. */
static int find_killer(struct pidwatch_options *options)
{
    struct pidwatch *watch = &options->watch;
    struct stat st;
    char *found;

    if (options->killer == NULL)
        return 0;
    watch->shown = options->shown_signal;
    found = strchr(options->killer, '/') != NULL ? realpath(options->killer, NULL)
                                                 : find_in_path(options->killer);
    if (found != NULL && stat(found, &st) == 0 && S_ISREG(st.st_mode) && access(found, X_OK) == 0) {
        watch->killer = found;
        return 0;
    }
    free(found);
    return cli_error("pidwatch", EX_USAGE, "--killer cannot be run: '%s'; name a program that can",
                     options->killer);
}

int pidwatch_options_parse(struct pidwatch_options *options, int argc, char **argv)
{
    int status;

    *options = (struct pidwatch_options){
        .watch = {.signal = SIGHUP, .victim.fd = -1, .grace_ms = -1, .host_down_ms = -1},
        .shown_signal = "HUP",
    };
    status = command_line_parse(&command_line, argc, argv, options, &options->command);
    if (status >= 0)
        return status;
    options->foreground = options->watch.victim.pid != 0;
    options->watch.scope = options->kill_tree    ? PIDWATCH_TREE
                           : options->kill_group ? PIDWATCH_GROUP
                                                 : PIDWATCH_PROCESS;
    status = check_combination(options);
    if (status == 0)
        status = find_killer(options);
    return status != 0 ? status : -1;
}
