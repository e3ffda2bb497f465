/* pidwatch(1): becomes the command, and leaves a watcher behind that ends it with another process.
 * Must not stay between the user and the command. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "net/local_host.h"
#include "net/port.h"
#include "process/double_fork.h"
#include "process/process_ref.h"
#include "process/signal_name.h"
#include "shell_line.h"
#include "watch.h"

enum {
    EXIT_GONE = 1, /* --foreground names a process that does not run */
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    NAME_WAIT_MS = 250, /* how long the command may wait for its host's name to fail to resolve */
};

#define SECONDS_MAX_MS INT64_C(1000000000000)

enum {
    OPT_HELP = 1,
    OPT_VERSION,
    OPT_DEBUG,
    OPT_CD,
    OPT_HOST,
    OPT_PORT,
    OPT_PID,
    OPT_START_TIME,
    OPT_FOREGROUND,
    OPT_SIGNAL,
    OPT_KILLER,
    OPT_KILL_GROUP,
    OPT_GRACE,
    OPT_ON_HOST_DOWN,
};

static const struct option_spec options[] = {
    {OPT_HOST, 0, "host", "HOST", "the host of the process to watch (this one)"},
    {OPT_PID, 0, "pid", "PID", "the process to watch"},
    {OPT_START_TIME, 0, "start-time", "TICKS", "when it started, field 22 of /proc/PID/stat"},
    {OPT_PORT, 0, "port", "PORT", "the port of pidstatd on that host (pidstatd, 1752)"},
    {OPT_FOREGROUND, 0, "foreground", "PID", "end this process, which runs already"},
    {OPT_CD, 0, "cd", "DIR", "run the command there, if possible"},
    {OPT_SIGNAL, 0, "signal", "SIGNAL", "send this signal, a name or number (HUP)"},
    {OPT_KILLER, 0, "killer", "PROGRAM", "run PROGRAM -SIGNAL PID instead"},
    {OPT_KILL_GROUP, 0, "kill-group", NULL, "signal the command's whole process group"},
    {OPT_GRACE, 0, "grace", "SECONDS", "send KILL if it still runs that much later"},
    {OPT_ON_HOST_DOWN, 0, "on-host-down", "SECONDS",
     "take a host that is silent that long for dead"},
    {OPT_DEBUG, 0, "debug", NULL, "show what the watcher asks and hears"},
    {OPT_HELP, 'h', "help", NULL, "print this and exit"},
    {OPT_VERSION, 'V', "version", NULL, "print the version and exit"},
    {0},
};

struct command_line {
    struct pidwatch watch;
    const char *cd;
    const char *killer;
    bool foreground, debug;
    char shown_signal[16];
    char host[256];
};

/* What the watcher keeps of the terminal until it has said what there is to say. */
struct watcher_io {
    const struct command_line *line;
    int error_fd, ready_fd;
};

static void usage(void)
{
    printf("usage: pidwatch [--host HOST] --pid PID [options] COMMAND...\n"
           "       pidwatch [--host HOST] --pid PID [options] --foreground PID\n"
           "Runs a command and ends it when another process has ended.\n\n");
    options_print(stdout, options);
}

static int complain(int status, const char *what, const char *value, const char *advice)
{
    return complaint("pidwatch", status, "%s '%s'; %s", what, value, advice);
}

static int set_pid(const char *what, const char *value, pid_t *pid)
{
    uint64_t number;

    if (number_parse(value, INT32_MAX, &number) != 0 || number == 0)
        return complain(EX_USAGE, what, value, "give the number of a process, 1 or above");
    *pid = (pid_t)number;
    return 0;
}

static int set_seconds(const char *what, const char *value, int64_t *ms)
{
    if (number_parse_seconds(value, SECONDS_MAX_MS, ms) == 0)
        return 0;
    return complain(EX_USAGE, what, value, "give seconds, such as 5 or 0.5");
}

/* Without the brackets that an IPv6 address may come in. */
static int set_host(struct command_line *line, const char *value)
{
    size_t len = strlen(value);

    if (len > 2 && value[0] == '[' && value[len - 1] == ']') {
        value++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof line->host || strpbrk(value, " \t\r\n\v\f") != NULL)
        return complain(EX_USAGE, "--host cannot be", value, "give a host name or address");
    snprintf(line->host, sizeof line->host, "%.*s", (int)len, value);
    line->watch.host = line->host;
    return 0;
}

/* A killer gets a number where a number was given, and a name where a name was. */
static int set_signal(struct command_line *line, const char *value)
{
    const char *bare = *value == '-' ? value + 1 : value;
    uint64_t number;

    line->watch.signal = signal_parse(value);
    if (line->watch.signal < 0)
        return complain(EX_USAGE, "there is no signal", value, "see kill -l");
    if (number_parse(bare, INT_MAX, &number) == 0)
        snprintf(line->shown_signal, sizeof line->shown_signal, "%d", line->watch.signal);
    else
        signal_format(line->shown_signal, sizeof line->shown_signal, line->watch.signal);
    return 0;
}

static int set_port(struct command_line *line, const char *value)
{
    if (service_parse_port(value, "udp", &line->watch.port) == 0)
        return 0;
    return complain(EX_USAGE, "--port cannot be", value,
                    "give 1 to 65535 or a UDP service of /etc/services");
}

static int set_start(struct command_line *line, const char *value)
{
    if (number_parse(value, UINT64_MAX, &line->watch.start) == 0 && line->watch.start != 0)
        return 0;
    return complain(EX_USAGE, "--start-time cannot be", value,
                    "give field 22 of /proc/PID/stat on the process's host");
}

static int take_option(void *context, int option, const char *value)
{
    struct command_line *line = context;

    switch (option) {
    case OPT_DEBUG:
        line->debug = true;
        return 0;
    case OPT_CD:
        line->cd = value;
        return 0;
    case OPT_HOST:
        return set_host(line, value);
    case OPT_PORT:
        return set_port(line, value);
    case OPT_PID:
        return set_pid("--pid cannot be", value, &line->watch.pid);
    case OPT_START_TIME:
        return set_start(line, value);
    case OPT_FOREGROUND:
        line->foreground = true;
        return set_pid("--foreground cannot be", value, &line->watch.victim.pid);
    case OPT_SIGNAL:
        return set_signal(line, value);
    case OPT_KILLER:
        line->killer = value;
        return 0;
    case OPT_KILL_GROUP:
        line->watch.group = true;
        return 0;
    case OPT_GRACE:
        return set_seconds("--grace cannot be", value, &line->watch.grace_ms);
    default:
        return set_seconds("--on-host-down cannot be", value, &line->watch.host_down_ms);
    }
}

static int refuse(const char *why)
{
    fprintf(stderr, "pidwatch: %s; see --help\n", why);
    return EX_USAGE;
}

static int check_combination(const struct command_line *line, bool has_command)
{
    if (line->watch.pid == 0)
        return refuse("--pid is missing: which process is to be watched?");
    if (line->foreground && has_command)
        return refuse("--foreground and a command exclude each other");
    if (!line->foreground && !has_command)
        return refuse("neither a command nor --foreground is given");
    if (line->killer != NULL && line->watch.group)
        return refuse("--killer and --kill-group exclude each other");
    return 0;
}

/* Returns an exit status, or -1 to go on. */
static int parse_options(struct command_line *line, int argc, char **argv)
{
    static const struct command_line_spec spec = {
        .program = "pidwatch",
        .table = options,
        .help_id = OPT_HELP,
        .version_id = OPT_VERSION,
        .print_help = usage,
        .take = take_option,
    };
    int status = command_line_parse(&spec, argc, argv, line);

    if (status >= 0)
        return status;
    status = check_combination(line, optind < argc);
    return status != 0 ? status : -1;
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
static int find_killer(struct command_line *line)
{
    struct stat st;

    if (line->killer == NULL)
        return 0;
    line->watch.shown = line->shown_signal;
    line->watch.killer = strchr(line->killer, '/') != NULL ? realpath(line->killer, NULL)
                                                           : find_in_path(line->killer);
    if (line->watch.killer != NULL && stat(line->watch.killer, &st) == 0 && S_ISREG(st.st_mode) &&
        access(line->watch.killer, X_OK) == 0)
        return 0;
    return complain(EX_USAGE, "--killer cannot be run:", line->killer, "name a program that can");
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void __attribute__((format(printf, 2, 3))) say(int fd, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (fd >= 0)
        dprintf(fd, "pidwatch: %s\n", text);
}

static const char *shown_host(const struct pidwatch *watch, char *out, size_t size)
{
    const char *host = watch->host != NULL ? watch->host : "localhost";

    text_clean(out, size, host, strlen(host));
    return out;
}

static void on_news(void *context, enum pidwatch_news news)
{
    struct watcher_io *io = context;
    const struct pidwatch *watch = &io->line->watch;
    char host[256];

    shown_host(watch, host, sizeof host);
    if (news == PIDWATCH_UNRESOLVED)
        say(io->error_fd,
            "the host name %s does not resolve; the command runs unwatched until it does", host);
    else if (news == PIDWATCH_SILENT)
        say(io->error_fd,
            "no pidstatd answers on %s port %u; the command runs unwatched until one does", host,
            watch->port != 0 ? watch->port
                             : service_default_port("pidstatd", "udp", SERVICE_PIDSTATD_PORT));
    if (!io->line->debug)
        close_fd(&io->error_fd);
    close_fd(&io->ready_fd);
}

static void on_trace(void *context, const char *what, const char *host, const char *text)
{
    const struct watcher_io *io = context;
    char shown[2048];

    text_clean(shown, sizeof shown, text, strlen(text));
    say(io->error_fd, "%s %s: %s", what, host, shown);
}

/* Where standard error is a pipe, whoever reads it may wait for its end.  The watcher of a command
 * ends with the command; one that stays behind alone must not hold the pipe. */
static bool may_keep_stderr(const struct command_line *line)
{
    struct stat st;

    if (!line->foreground || line->debug)
        return true;
    return fstat(STDERR_FILENO, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode);
}

static void watch_detached(struct command_line *line, int error_fd, int ready_fd)
{
    struct watcher_io io = {.line = line, .error_fd = error_fd, .ready_fd = ready_fd};

    line->watch.news = on_news;
    line->watch.context = &io;
    if (line->debug)
        line->watch.trace = on_trace;
    if (pidwatch_run(&line->watch) < 0)
        say(io.error_fd, "cannot watch: %s; the command runs unwatched", strerror(errno));
    _exit(0);
}

static bool needs_name_service(const char *host)
{
    return host != NULL && !local_host_has_name(host) && strchr(host, ':') == NULL &&
           strspn(host, "0123456789.") != strlen(host);
}

/* A name that does not resolve is worth a line before a short command is over; but a slow name
 * service must not keep the command waiting. */
static void wait_for_name(const struct command_line *line, int ready_fd)
{
    struct pollfd poll_fd = {.fd = ready_fd, .events = POLLIN};

    if (needs_name_service(line->watch.host))
        poll(&poll_fd, 1, NAME_WAIT_MS);
}

static int start_watcher(struct command_line *line)
{
    int keep[3] = {line->watch.victim.fd, may_keep_stderr(line) ? STDERR_FILENO : -1, -1};
    int ready[2], result;

    if (pipe2(ready, O_CLOEXEC) != 0)
        return -1;
    keep[2] = ready[1];
    result = detach_fork(keep, 3);
    if (result == 0)
        watch_detached(line, keep[1], keep[2]);
    close(ready[1]);
    if (result > 0)
        wait_for_name(line, ready[0]);
    close(ready[0]);
    return result;
}

static int fail(const char *what)
{
    fprintf(stderr, "pidwatch: %s: %s\n", what, strerror(errno));
    return EX_OSERR;
}

static int watch_for(struct command_line *line)
{
    struct pidwatch *watch = &line->watch;
    char text[16];

    snprintf(text, sizeof text, "%d", (int)watch->victim.pid);
    if (process_ref_open(&watch->victim, watch->victim.pid, 0) != 0)
        return complain(EXIT_GONE, "there is no process", text, "there is nothing to end");
    if (line->killer == NULL && kill(watch->victim.pid, 0) != 0 && errno == EPERM)
        return complain(EX_OSERR, "you may not signal process", text,
                        "run pidwatch as its user, or give --killer");
    return start_watcher(line) < 0 ? fail("cannot start the watcher") : 0;
}

static void change_directory(const char *path)
{
    char shown[512];

    if (path == NULL || chdir(path) == 0)
        return;
    text_clean(shown, sizeof shown, path, strlen(path));
    fprintf(stderr, "pidwatch: cannot change to %s (%s); the command runs where you are\n", shown,
            strerror(errno));
}

static int run_command(struct command_line *line, char **words)
{
    struct pidwatch *watch = &line->watch;
    char *command = shell_line_join(words);

    if (command == NULL)
        return fail("cannot run the command");
    change_directory(line->cd);
    /* A group of its own, as timeout(1) has: the one it is in may be that of a whole script. */
    if (watch->group && getpgrp() != getpid() && setpgid(0, 0) != 0)
        return fail("cannot make a process group");
    if (process_ref_open(&watch->victim, getpid(), 0) != 0 || start_watcher(line) < 0)
        return fail("cannot start the watcher");
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    fprintf(stderr, "pidwatch: cannot run /bin/sh: %s\n", strerror(errno));
    return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int main(int argc, char **argv)
{
    struct command_line line = {
        .watch = {.signal = SIGHUP, .victim.fd = -1, .grace_ms = -1, .host_down_ms = -1},
        .shown_signal = "HUP",
    };
    int status = parse_options(&line, argc, argv);

    if (status >= 0)
        return status;
    status = find_killer(&line);
    if (status != 0)
        return status;
    return line.foreground ? watch_for(&line) : run_command(&line, argv + optind);
}
