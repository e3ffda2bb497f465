/* pidstatd(8): options and wiring around the server of pidstat.h.
 * Must not look at datagrams or processes itself. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "background.h"
#include "base/descriptor.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "log.h"
#include "pidstat.h"
#include "privileges.h"

enum {
    OPT_HELP = 1,
    OPT_VERSION,
    OPT_DEBUG,
    OPT_FORK,
    OPT_NOFORK,
    OPT_HOST,
    OPT_PORT,
    OPT_PID_FILE,
    OPT_USER,
    OPT_MAX_WATCHES,
};

static const struct option_spec options[] = {
    {OPT_HOST, 0, "host", "HOST", "listen on this host's addresses only (all addresses)"},
    {OPT_PORT, 0, "port", "PORT", "listen on this UDP port or service (pidstatd, 1752)"},
    {OPT_FORK, 0, "fork", NULL, "go into the background (the default)"},
    {OPT_NOFORK, 0, "nofork", NULL, "stay in the foreground, log to standard error"},
    {OPT_PID_FILE, 0, "pid-file", "FILE", "write the process id there"},
    {OPT_USER, 0, "user", "USER", "when started by root, become this user (nobody)"},
    {OPT_MAX_WATCHES, 0, "max-watches", "N", "keep at most this many watches (16384)"},
    {OPT_DEBUG, 0, "debug", NULL, "log the counters every ten seconds"},
    {OPT_HELP, 'h', "help", NULL, "print this and exit"},
    {OPT_VERSION, 'V', "version", NULL, "print the version and exit"},
    {0},
};

struct pidstatd {
    struct pidstat_server *server;
    struct event_base *base;
    struct privileges privileges;
    const char *host, *port, *user;
    bool debug, foreground;
    const char *pid_file;
    struct pidstat_server_stats logged;
};

static void print_help(void)
{
    printf("usage: pidstatd [options]\n"
           "Tells over UDP whether processes of this host exist.\n\n");
    options_print(stdout, options);
}

static void complain(const char *what, const char *value, const char *advice)
{
    complaint("pidstatd", EX_USAGE, "%s '%s'; %s", what, value, advice);
}

static int set_max_watches(struct pidstatd *self, const char *value)
{
    uint64_t number;

    if (number_parse(value, SIZE_MAX, &number) == 0 &&
        pidstat_server_set_max_watches(self->server, (size_t)number) == 0)
        return 0;
    complain("--max-watches cannot be", value, "give a number from 0 to 1000000");
    return EX_USAGE;
}

static int set_port(struct pidstatd *self, const char *value)
{
    if (pidstat_server_set_port(self->server, value) == 0)
        return 0;
    complain("--port cannot be", value, "give 1 to 65535 or a UDP service of /etc/services");
    return EX_USAGE;
}

static int set_user(struct pidstatd *self, const char *value)
{
    self->user = value;
    if (privileges_find(value, &self->privileges) == 0)
        return 0;
    complain("there is no user", value, "name another with --user");
    return EX_USAGE;
}

static int set_host(struct pidstatd *self, const char *value)
{
    self->host = value;
    return pidstat_server_set_host(self->server, value) == 0 ? 0 : EX_OSERR;
}

static int take_option(void *context, int option, const char *value)
{
    struct pidstatd *self = context;

    switch (option) {
    case OPT_DEBUG:
        self->debug = true;
        return 0;
    case OPT_FORK:
    case OPT_NOFORK:
        self->foreground = option == OPT_NOFORK;
        return 0;
    case OPT_PID_FILE:
        self->pid_file = value;
        return 0;
    case OPT_HOST:
        return set_host(self, value);
    case OPT_PORT:
        return set_port(self, value);
    case OPT_USER:
        return set_user(self, value);
    default:
        return set_max_watches(self, value);
    }
}

static const struct command_line_spec command_line = {
    .program = "pidstatd",
    .table = options,
    .help_id = OPT_HELP,
    .version_id = OPT_VERSION,
    .print_help = print_help,
    .take = take_option,
};

/* Returns -1 to go on, or the status to exit with. */
static int parse_command_line(struct pidstatd *self, int argc, char **argv)
{
    int status = command_line_parse(&command_line, argc, argv, self);

    if (status < 0 && optind < argc) {
        complain("unexpected word", argv[optind], "see --help");
        return EX_USAGE;
    }
    return status;
}

static int listen_on_sockets(struct pidstatd *self)
{
    const char *reason, *advice = "give another --host or --port";
    char shown[256] = "any address";

    if (pidstat_server_listen(self->server) == 0)
        return 0;
    reason = strerror(errno);
    if (errno == EADDRINUSE)
        advice = "is another pidstatd running?";
    else if (errno == EADDRNOTAVAIL)
        reason = "it does not resolve, or is no address of this host";
    if (self->host != NULL)
        text_clean(shown, sizeof shown, self->host, strlen(self->host));
    fprintf(stderr, "pidstatd: cannot listen on %s port %u: %s; %s\n", shown,
            (unsigned)pidstat_server_port(self->server), reason, advice);
    return EX_OSERR;
}

/* A daemon that only looks needs no rights; only who names a user keeps another's. */
static int become_ordinary(struct pidstatd *self)
{
    if (geteuid() != 0)
        return 0;
    if (self->user == NULL && privileges_find("nobody", &self->privileges) != 0)
        self->privileges = (struct privileges){.uid = 65534, .gid = 65534};
    if (self->privileges.uid == 0 || privileges_drop(&self->privileges) == 0)
        return 0;
    log_line(LOG_ERR, "cannot become user %s: %s", self->user != NULL ? self->user : "nobody",
             strerror(errno));
    return EX_OSERR;
}

static void log_stats(struct pidstatd *self, int priority)
{
    struct pidstat_server_stats now;

    pidstat_server_stats(self->server, &now);
    log_line(priority,
             "%" PRIu64 " questions, %" PRIu64 " answers, %" PRIu64 " malformed, %zu watches, "
             "%" PRIu64 " ends told, %" PRIu64 " watches refused",
             now.questions, now.answers, now.malformed, now.watches, now.watched, now.refused);
    self->logged = now;
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
    struct pidstatd *self = arg;

    (void)what;
    log_line(LOG_INFO, "ends by signal %d", (int)signal);
    event_base_loopbreak(self->base);
}

static void on_report(evutil_socket_t signal, short what, void *arg)
{
    (void)signal;
    (void)what;
    log_stats(arg, LOG_INFO);
}

static void on_debug_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pidstatd *self = arg;
    struct pidstat_server_stats now;

    (void)fd;
    (void)what;
    pidstat_server_stats(self->server, &now);
    if (memcmp(&now, &self->logged, sizeof now) != 0)
        log_stats(self, LOG_DEBUG);
}

static int add_event(struct event *event, const struct timeval *timeout)
{
    return event != NULL && event_add(event, timeout) == 0 ? 0 : -1;
}

static int serve_on(struct pidstatd *self)
{
    const struct timeval every = {.tv_sec = 10};
    enum { DEBUG_TIMER = 4, EVENTS };
    struct event *events[EVENTS] = {
        evsignal_new(self->base, SIGTERM, on_stop, self),
        evsignal_new(self->base, SIGINT, on_stop, self),
        evsignal_new(self->base, SIGUSR1, on_report, self),
        evsignal_new(self->base, SIGHUP, on_report, self),
        event_new(self->base, -1, EV_PERSIST, on_debug_timer, self),
    };
    int status = EX_OSERR, failed = 0;

    for (size_t i = 0; i < DEBUG_TIMER; i++)
        failed |= add_event(events[i], NULL);
    if (self->debug)
        failed |= add_event(events[DEBUG_TIMER], &every);
    if (failed == 0 && pidstat_server_attach(self->server, self->base) == 0) {
        log_line(LOG_INFO, "listens on %s port %u", self->host != NULL ? self->host : "any address",
                 (unsigned)pidstat_server_port(self->server));
        background_ready();
        status = event_base_dispatch(self->base) < 0 ? EX_OSERR : 0;
        log_stats(self, LOG_INFO);
    }
    for (size_t i = 0; i < EVENTS; i++) {
        if (events[i] != NULL)
            event_free(events[i]);
    }
    return status;
}

static int serve(void *context)
{
    struct pidstatd *self = context;
    int status;

    descriptor_raise_limit(); /* every watched process takes one */
    status = become_ordinary(self);
    if (status != 0)
        return status;
    self->base = event_base_new();
    if (self->base == NULL) {
        log_line(LOG_ERR, "cannot create an event loop; is memory short?");
        return EX_OSERR;
    }
    status = serve_on(self);
    pidstat_server_destroy(self->server);
    event_base_free(self->base);
    return status;
}

int main(int argc, char **argv)
{
    struct pidstatd self = {0};
    struct background background = {.name = "pidstatd", .serve = serve, .context = &self};
    int status;

    descriptor_occupy_streams(0);
    self.server = pidstat_server_create();
    if (self.server == NULL) {
        fprintf(stderr, "pidstatd: cannot start: %s\n", strerror(errno));
        return EX_OSERR;
    }
    status = parse_command_line(&self, argc, argv);
    if (status >= 0)
        return status;
    background.foreground = self.foreground;
    background.quiet = !self.foreground;
    background.pid_file = self.pid_file;
    log_open("pidstatd", self.foreground ? NULL : "syslog", self.debug);
    status = listen_on_sockets(&self);
    return status != 0 ? status : background_run(&background);
}
