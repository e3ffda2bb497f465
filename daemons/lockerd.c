/* lockerd(8): options and wiring of the lock server.
 * Must not do anything that an embedded server could not have done for it. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "background.h"
#include "base/descriptor.h"
#include "base/number.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "ipclocker.h"
#include "log.h"
#include "net/port.h"
#include "store/file.h"

enum { EXIT_USAGE = 64, EXIT_SYSTEM = 71, HOSTS_MAX = 64, LISTEN_FDS_START = 3 };
enum { DEFAULT_HISTORY_S = 90 * 24 * 3600, DEFAULT_REQUEUE_GRACE_S = 60 };

enum option_id {
    OPTION_HELP = 1,
    OPTION_VERSION,
    OPTION_DEBUG,
    OPTION_FORK,
    OPTION_NOFORK,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_PATH,
    OPTION_PID_FILE,
    OPTION_STATE,
    OPTION_DURABILITY,
    OPTION_HISTORY,
    OPTION_REQUEUE_GRACE,
    OPTION_MOVE_CORRUPT_STATE,
    OPTION_LOG,
    OPTION_PIDSTAT_PORT,
};

static const struct option_spec option_table[] = {
    {OPTION_HOST, 0, "host", "HOST", "listen at this address or name; may be repeated; * is all"},
    {OPTION_PORT, 0, "port", "PORT", "TCP port or service name"},
    {OPTION_PATH, 0, "path", "PATH", "listen at this UNIX socket"},
    {OPTION_STATE, 0, "state", "FILE", "keep locks and history there; \"none\": in memory only"},
    {OPTION_DURABILITY, 0, "durability", "power|process", "what a grant is to survive the end of"},
    {OPTION_HISTORY, 0, "history", "TIME", "how long to keep what has ended: 90d, 12h, 0"},
    {OPTION_REQUEUE_GRACE, 0, "requeue-grace", "SECONDS",
     "how long waiters keep their places after a restart"},
    {OPTION_MOVE_CORRUPT_STATE, 0, "move-corrupt-state", NULL,
     "rename a damaged state file and begin with no lock held"},
    {OPTION_PID_FILE, 0, "pid-file", "FILE", "write the process id there"},
    {OPTION_PIDSTAT_PORT, 0, "pidstat-port", "PORT",
     "UDP port or service of pidstatd elsewhere, or none"},
    {OPTION_LOG, 0, "log", "FILE", "log to a file, or to \"syslog\""},
    {OPTION_FORK, 0, "fork", NULL, "go into the background once listening (the default)"},
    {OPTION_NOFORK, 0, "nofork", NULL, "stay in the foreground"},
    {OPTION_DEBUG, 0, "debug", NULL, "log each request; stay in the foreground"},
    {OPTION_HELP, 'h', "help", NULL, "show this and exit"},
    {OPTION_VERSION, 'V', "version", NULL, "show the version and exit"},
    {0, 0, NULL, NULL, NULL},
};

struct settings {
    const char *hosts[HOSTS_MAX];
    size_t host_count;
    const char *port, *path, *pid_file, *log, *state;
    enum ipclocker_durability durability;
    uint64_t history_s, requeue_grace_s;
    int pidstat_port;
    bool foreground, debug, move_corrupt_state;
};

static void print_help(void)
{
    puts("Usage: lockerd [OPTION]...\n"
         "Grants named locks over the network, first come first served.\n");
    options_print(stdout, option_table);
    puts("\nWithout --host and --path it listens at localhost only.  The port is --port, else\n"
         "$IPCLOCKER_PORT, else \"lockerd\" in /etc/services, else 1751.  See lockerd(8).");
}

static int take_durability(struct settings *settings, const char *argument)
{
    if (strcmp(argument, "power") == 0)
        settings->durability = IPCLOCKER_DURABLE_POWER;
    else if (strcmp(argument, "process") == 0)
        settings->durability = IPCLOCKER_DURABLE_PROCESS;
    else
        return complaint("lockerd", EXIT_USAGE, "--durability %s: it is power or process",
                         argument);
    return 0;
}

static int take_pidstat_port(struct settings *settings, const char *argument)
{
    uint16_t port;

    if (strcmp(argument, "none") == 0) {
        settings->pidstat_port = -1;
        return 0;
    }
    if (service_parse_port(argument, "udp", &port) != 0)
        return complaint("lockerd", EXIT_USAGE,
                         "--pidstat-port %s: give a number from 1 to 65535, a service, or none",
                         argument);
    settings->pidstat_port = port;
    return 0;
}

static int take_option(void *context, int option, const char *argument)
{
    struct settings *settings = context;

    switch (option) {
    case OPTION_HOST:
        if (settings->host_count == HOSTS_MAX)
            return complaint("lockerd", EXIT_USAGE, "more than %d --host; use * for all addresses",
                             HOSTS_MAX);
        settings->hosts[settings->host_count++] = argument;
        break;
    case OPTION_PORT:
        settings->port = argument;
        break;
    case OPTION_PATH:
        settings->path = argument;
        break;
    case OPTION_PID_FILE:
        settings->pid_file = argument;
        break;
    case OPTION_PIDSTAT_PORT:
        return take_pidstat_port(settings, argument);
    case OPTION_LOG:
        settings->log = argument;
        break;
    case OPTION_STATE:
        if (argument[0] == '\0')
            return complaint("lockerd", EXIT_USAGE, "--state is empty: name a file, or none");
        settings->state = argument;
        break;
    case OPTION_DURABILITY:
        return take_durability(settings, argument);
    case OPTION_HISTORY:
        if (number_parse_duration(argument, INT32_MAX, &settings->history_s) != 0)
            return complaint("lockerd", EXIT_USAGE,
                             "--history %s: give a number with d, h, m or s, such as 90d",
                             argument);
        break;
    case OPTION_REQUEUE_GRACE:
        if (number_parse(argument, INT32_MAX, &settings->requeue_grace_s) != 0)
            return complaint("lockerd", EXIT_USAGE, "--requeue-grace %s: give a number of seconds",
                             argument);
        break;
    case OPTION_MOVE_CORRUPT_STATE:
        settings->move_corrupt_state = true;
        break;
    case OPTION_FORK:
        settings->foreground = false;
        break;
    case OPTION_DEBUG:
        settings->debug = true;
        settings->foreground = true;
        break;
    case OPTION_NOFORK:
        settings->foreground = true;
        break;
    }
    return 0;
}

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    static const struct command_line_spec spec = {
        .program = "lockerd",
        .table = option_table,
        .help_id = OPTION_HELP,
        .version_id = OPTION_VERSION,
        .print_help = print_help,
        .take = take_option,
    };
    int status = command_line_parse(&spec, argc, argv, settings);

    if (status >= 0)
        return status;
    if (optind < argc)
        return complaint("lockerd", EXIT_USAGE,
                         "'%s' is not understood; lockerd takes only options, see --help",
                         argv[optind]);
    return -1;
}

/* The sockets that systemd has opened for us, sd_listen_fds(3).  Returns how many, or -1. */
static int listen_at_given_sockets(struct ipclocker_server *server)
{
    const char *pid_text = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
    uint64_t pid, count;

    if (pid_text == NULL || count_text == NULL || number_parse(pid_text, INT32_MAX, &pid) != 0 ||
        number_parse(count_text, 1024, &count) != 0 || pid != (uint64_t)getpid())
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        if (ipclocker_server_listen_fd(server, LISTEN_FDS_START + (int)i) != 0)
            return -1;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return (int)count;
}

static int listen_everywhere(struct ipclocker_server *server, const struct settings *settings)
{
    const char *port = settings->port != NULL ? settings->port : getenv("IPCLOCKER_PORT");
    int given = listen_at_given_sockets(server);

    if (given < 0)
        return -1;
    if (settings->path != NULL && ipclocker_server_listen_unix(server, settings->path) != 0)
        return -1;
    for (size_t i = 0; i < settings->host_count; i++) {
        if (ipclocker_server_listen(server, settings->hosts[i], port) != 0)
            return -1;
    }
    /* A port that the command line names is meant, also beside a path. */
    if (settings->host_count == 0 && given == 0 &&
        (settings->path == NULL || settings->port != NULL))
        return ipclocker_server_listen(server, "localhost", port);
    return 0;
}

/* Where the state is kept.  Returns 0, or the status to exit with. */
static int set_state(struct ipclocker_server *server, const struct settings *settings)
{
    char *path = settings->state != NULL ? strdup(settings->state) : store_file_default_path();
    int result;

    if (path == NULL) {
        if (errno == ENOENT)
            complaint("lockerd", EXIT_USAGE,
                      "there is no home for the state file; name one with --state, or none");
        else
            complaint("lockerd", EXIT_USAGE, "%s", strerror(errno));
        return EXIT_SYSTEM;
    }
    result = ipclocker_server_set_state(server, path, settings->durability);
    free(path);
    ipclocker_server_set_history(server, settings->history_s);
    ipclocker_server_set_requeue_grace(server, (unsigned)settings->requeue_grace_s);
    ipclocker_server_set_move_corrupt_state(server, settings->move_corrupt_state);
    return result == 0 ? 0 : EXIT_SYSTEM;
}

static bool logs_elsewhere;

static void write_log(void *context, int priority, const char *text)
{
    (void)context;
    log_line(priority, "%s", text);
}

static void on_stop_signal(evutil_socket_t signal, short events, void *context)
{
    (void)events;
    log_line(LOG_INFO, "signal %d: stopping", (int)signal);
    event_base_loopbreak(context);
}

static void on_hangup_signal(evutil_socket_t signal, short events, void *context)
{
    (void)signal;
    (void)events;
    (void)context;
    log_reopen();
    log_line(LOG_INFO, "log reopened");
}

/* Whoever starts a server looks at standard error, wherever the log goes. */
static void report_failed_start(const struct ipclocker_server *server)
{
    if (logs_elsewhere)
        complaint("lockerd", EXIT_USAGE, "cannot serve: %s", ipclocker_server_error(server));
    log_line(LOG_ERR, "cannot serve: %s", ipclocker_server_error(server));
}

/* Serves until a signal ends it; background_run() calls this in the process that is to serve. */
static int serve(void *context)
{
    struct ipclocker_server *server = context;
    struct event_base *base = event_base_new();
    struct event *term, *interrupt, *hangup;
    int status = 0;

    if (base == NULL)
        return EXIT_SYSTEM;
    term = evsignal_new(base, SIGTERM, on_stop_signal, base);
    interrupt = evsignal_new(base, SIGINT, on_stop_signal, base);
    hangup = evsignal_new(base, SIGHUP, on_hangup_signal, NULL);
    if (term == NULL || interrupt == NULL || hangup == NULL || event_add(term, NULL) != 0 ||
        event_add(interrupt, NULL) != 0 || event_add(hangup, NULL) != 0 ||
        ipclocker_server_start(server, base) != 0) {
        report_failed_start(server);
        status = EXIT_SYSTEM;
    } else {
        log_line(LOG_INFO, "version " FARMLOCK_VERSION " serves");
        background_ready();
        event_base_dispatch(base);
    }
    ipclocker_server_destroy(server);
    if (term != NULL)
        event_free(term);
    if (interrupt != NULL)
        event_free(interrupt);
    if (hangup != NULL)
        event_free(hangup);
    event_base_free(base);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.history_s = DEFAULT_HISTORY_S,
                                .requeue_grace_s = DEFAULT_REQUEUE_GRACE_S};
    struct background background = {.name = "lockerd", .serve = serve};
    /* Not destroyed in the processes that only wait: its socket files are the server's. */
    static struct ipclocker_server *server;
    int status;

    descriptor_occupy_streams(0);
    status = parse_options(&settings, argc, argv);
    if (status >= 0)
        return status;
    if (settings.log == NULL && !settings.foreground)
        settings.log = "syslog";
    if (log_open("lockerd", settings.log, settings.debug) != 0) {
        complaint("lockerd", EXIT_USAGE, "cannot open the log %s: %s", settings.log,
                  strerror(errno));
        return EXIT_SYSTEM;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a state file at its limit is an error to report */
    descriptor_raise_limit();
    server = ipclocker_server_create();
    if (server == NULL || listen_everywhere(server, &settings) != 0) {
        complaint("lockerd", EXIT_USAGE, "%s",
                  server != NULL ? ipclocker_server_error(server) : strerror(errno));
        status = errno == EINVAL || errno == ENAMETOOLONG ? EXIT_USAGE : EXIT_SYSTEM;
        ipclocker_server_destroy(server);
        return status;
    }
    ipclocker_server_set_log(server, write_log, NULL);
    status = set_state(server, &settings);
    if (status != 0)
        return status;
    ipclocker_server_set_debug(server, settings.debug);
    ipclocker_server_set_pidstat_port(server, settings.pidstat_port);
    background.pid_file = settings.pid_file;
    background.foreground = settings.foreground;
    background.quiet = settings.log != NULL;
    logs_elsewhere = settings.log != NULL;
    background.context = server;
    return background_run(&background);
}
