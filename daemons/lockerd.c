/* lockerd(8): options and wiring of the lock server.
 * Must not do anything that an embedded server could not have done for it. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "background.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/number.h"
#include "cli/command_line.h"
#include "cli/host_option.h"
#include "cli/message.h"
#include "event_loop.h"
#include "ipclocker_server.h"
#include "log.h"
#include "net/port.h"
#include "store/file.h"

enum { HOSTS_MAX = 64, LISTEN_FDS_START = 3 };
enum { DEFAULT_HISTORY_S = 90 * 24 * 3600, DEFAULT_REQUEUE_GRACE_S = 60 };

struct settings {
    const char *hosts[HOSTS_MAX];
    size_t host_count;
    const char *port, *path, *pid_file, *log, *state;
    enum ipclocker_durability durability;
    uint64_t history_s, requeue_grace_s;
    int pidstat_port;
    bool background, debug, move_corrupt_state;
};

static int take_host(void *context, const char *argument)
{
    struct settings *settings = context;

    if (settings->host_count == HOSTS_MAX)
        return cli_error("lockerd", EX_USAGE, "more than %d --host; use * for all addresses",
                         HOSTS_MAX);
    if (host_option_check("lockerd", "host", argument) != 0)
        return EX_USAGE;
    settings->hosts[settings->host_count++] = argument;
    return 0;
}

static int take_pidstat_port(void *context, const char *argument)
{
    struct settings *settings = context;
    uint16_t port;

    if (strcmp(argument, "none") == 0) {
        settings->pidstat_port = -1;
        return 0;
    }
    if (port_parse(argument, "udp", &port) != 0)
        return cli_error("lockerd", EX_USAGE,
                         "--pidstat-port %s: give a number from 1 to 65535, a service, or none",
                         argument);
    settings->pidstat_port = port;
    return 0;
}

static int take_history(void *context, const char *argument)
{
    struct settings *settings = context;

    if (number_parse_duration(argument, INT32_MAX, &settings->history_s) == 0)
        return 0;
    return cli_error("lockerd", EX_USAGE,
                     "--history %s: give a number with d, h, m or s, such as 90d", argument);
}

static int take_debug(void *context, const char *argument)
{
    struct settings *settings = context;

    (void)argument;
    settings->debug = true;
    settings->background = false;
    return 0;
}

#define SETTINGS struct settings
static const struct option_spec options[] = {
    OPT_GROUP("Where it listens"),
    OPT_CALL("host", "HOST", take_host, "listen at this address or name; may be repeated; * is all",
             .completion = COMPLETE_HOST, .repeats = true),
    OPT_TEXT("port", "PORT", port, "TCP port or service name"),
    OPT_TEXT("path", "PATH", path, "listen at this UNIX socket", .completion = COMPLETE_FILE),
    OPT_GROUP("What it keeps"),
    OPT_TEXT("state", "FILE", state, "keep locks and history there; \"none\": in memory only",
             .completion = COMPLETE_FILE),
    OPT_WORD("durability", "power|process", durability, "power|process",
             "what a grant is to survive the end of"),
    OPT_CALL("history", "TIME", take_history, "how long to keep what has ended: 90d, 12h, 0"),
    OPT_NUMBER("requeue-grace", "SECONDS", requeue_grace_s, 0, INT32_MAX,
               "how long waiters keep their places after a restart"),
    OPT_FLAG("move-corrupt-state", move_corrupt_state,
             "rename a damaged state file and begin with no lock held"),
    OPT_GROUP("How it runs"),
    OPT_CALL("pidstat-port", "PORT", take_pidstat_port,
             "UDP port or service of pidstatd elsewhere, or none"),
    OPT_TEXT("pid-file", "FILE", pid_file, "write the process id there",
             .completion = COMPLETE_FILE),
    OPT_TEXT("log", "FILE", log, "log to a file, or to \"syslog\"", .completion = COMPLETE_FILE),
    OPT_FLAG("fork", background, "go into the background once listening (the default)",
             .no_help = "stay in the foreground"),
    OPT_CALL("debug", NULL, take_debug, "log each request; stay in the foreground"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "lockerd",
    .usage = "lockerd [OPTION]...",
    .summary = "Grants named locks over the network, first come first served.",
    .options = options,
    .notes = "Without --host and --path it listens at localhost only. The port is --port, else "
             "$IPCLOCKER_PORT, else \"lockerd\" in /etc/services, else 1751. See lockerd(8).",
};

/* Returns -1 to go on with the settings, or the status to exit with. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    char **words;
    int status = command_line_parse(&command_line, argc, argv, settings, &words);

    if (status < 0 && settings->state != NULL && settings->state[0] == '\0')
        return cli_error("lockerd", EX_USAGE, "--state is empty: name a file, or none");
    return status;
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
            return cli_error("lockerd", EX_OSERR,
                             "there is no home for the state file; name one with --state, or none");
        return cli_error("lockerd", EX_OSERR, "%s", error_text(errno));
    }
    result = ipclocker_server_set_state(server, path, settings->durability);
    free(path);
    ipclocker_server_set_history(server, settings->history_s);
    ipclocker_server_set_requeue_grace(server, (unsigned)settings->requeue_grace_s);
    ipclocker_server_set_move_corrupt_state(server, settings->move_corrupt_state);
    return result == 0 ? 0 : EX_OSERR;
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
static void report_failed_start(const char *reason)
{
    if (logs_elsewhere)
        cli_error("lockerd", 0, "cannot serve: %s", reason);
    log_line(LOG_ERR, "cannot serve: %s", reason);
}

/* Serves until a signal ends it; background_run() calls this in the process that is to serve. */
static int serve(void *context)
{
    struct ipclocker_server *server = context;
    struct event_base *base = event_loop_create();
    struct event *term, *interrupt, *hangup;
    int status = 0;

    if (base == NULL) {
        report_failed_start(error_text(errno));
        ipclocker_server_destroy(server);
        return EX_OSERR;
    }
    term = evsignal_new(base, SIGTERM, on_stop_signal, base);
    interrupt = evsignal_new(base, SIGINT, on_stop_signal, base);
    hangup = evsignal_new(base, SIGHUP, on_hangup_signal, NULL);
    if (term == NULL || interrupt == NULL || hangup == NULL || event_add(term, NULL) != 0 ||
        event_add(interrupt, NULL) != 0 || event_add(hangup, NULL) != 0 ||
        ipclocker_server_start(server, base) != 0) {
        report_failed_start(ipclocker_server_error(server));
        status = EX_OSERR;
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
    struct settings settings = {.background = true,
                                .history_s = DEFAULT_HISTORY_S,
                                .requeue_grace_s = DEFAULT_REQUEUE_GRACE_S};
    struct background background = {.name = "lockerd", .serve = serve};
    /* Not destroyed in the processes that only wait: its socket files are the server's. */
    static struct ipclocker_server *server;
    int status;

    descriptor_occupy_streams(0);
    status = parse_options(&settings, argc, argv);
    if (status >= 0)
        return status;
    if (settings.log == NULL && settings.background)
        settings.log = "syslog";
    if (log_open("lockerd", settings.log, settings.debug) != 0)
        return cli_error("lockerd", EX_OSERR, "cannot open the log %s: %s", settings.log,
                         error_text(errno));
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a state file at its limit is an error to report */
    descriptor_raise_limit();
    server = ipclocker_server_create();
    if (server == NULL || listen_everywhere(server, &settings) != 0) {
        status = errno == EINVAL || errno == ENAMETOOLONG ? EX_USAGE : EX_OSERR;
        cli_error("lockerd", status, "%s",
                  server != NULL ? ipclocker_server_error(server) : error_text(errno));
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
    background.foreground = !settings.background;
    background.quiet = settings.log != NULL;
    logs_elsewhere = settings.log != NULL;
    background.context = server;
    return background_run(&background);
}
