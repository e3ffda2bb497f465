/* pidstatd(8): options and wiring around the server of pidstat.h.
 * Must not look at datagrams or processes itself. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
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
#include "log.h"
#include "pidstat.h"
#include "privileges.h"
#include "process/process.h"

struct pidstatd {
    struct pidstat_server *server;
    struct event_base *base;
    struct privileges privileges;
    const char *host, *user;
    bool debug, background;
    const char *pid_file;
    struct pidstat_server_stats logged;
};

static int take_port(void *context, const char *value)
{
    struct pidstatd *self = context;

    if (pidstat_server_set_port(self->server, value) == 0)
        return 0;
    return cli_error("pidstatd", EX_USAGE,
                     "--port cannot be '%s'; give 1 to 65535 or a UDP service of /etc/services",
                     value);
}

static int take_host(void *context, const char *host)
{
    struct pidstatd *self = context;

    self->host = host;
    return host_option_check("pidstatd", "host", host);
}

static int take_user(void *context, const char *value)
{
    struct pidstatd *self = context;

    self->user = value;
    if (privileges_find(value, &self->privileges) == 0)
        return 0;
    return cli_error("pidstatd", EX_USAGE, "there is no user '%s'; name another with --user",
                     value);
}

static int take_max_watches(void *context, const char *value)
{
    struct pidstatd *self = context;
    uint64_t number;

    if (number_parse(value, SIZE_MAX, &number) == 0 &&
        pidstat_server_set_max_watches(self->server, (size_t)number) == 0)
        return 0;
    return cli_error("pidstatd", EX_USAGE,
                     "--max-watches cannot be '%s'; give a number from 0 to 1000000", value);
}

#define SETTINGS struct pidstatd
static const struct option_spec options[] = {
    OPT_CALL("host", "HOST", take_host, "listen on this host's addresses only (all addresses)",
             .completion = COMPLETE_HOST),
    OPT_CALL("port", "PORT", take_port, "listen on this UDP port or service (pidstatd, 1752)"),
    OPT_FLAG("fork", background, "go into the background (the default)",
             .no_help = "stay in the foreground, log to standard error"),
    OPT_TEXT("pid-file", "FILE", pid_file, "write the process id there",
             .completion = COMPLETE_FILE),
    OPT_CALL("user", "USER", take_user, "when started by root, become this user (nobody)",
             .completion = COMPLETE_USER),
    OPT_CALL("max-watches", "N", take_max_watches, "keep at most this many watches (16384)"),
    OPT_FLAG("debug", debug, "log the counters every ten seconds"),
    OPT_END,
};

static const struct command_line command_line = {
    .program = "pidstatd",
    .usage = "pidstatd [OPTION]...",
    .summary = "Tells over UDP whether processes of this host exist.",
    .options = options,
    .notes = "See pidstatd(8).",
};

static int listen_on_sockets(struct pidstatd *self)
{
    const char *reason, *advice = "give another --host or --port";

    if (pidstat_server_listen(self->server) == 0)
        return 0;
    reason = error_text(errno);
    if (errno == EADDRINUSE)
        advice = "is another pidstatd running?";
    else if (errno == EADDRNOTAVAIL)
        reason = "it does not resolve, or is no address of this host";
    else if (error_text_has_advice(errno))
        advice = NULL;
    return cli_error("pidstatd", EX_OSERR, "cannot listen on %s port %u: %s%s%s",
                     self->host != NULL ? self->host : "any address",
                     (unsigned)pidstat_server_port(self->server), reason,
                     advice != NULL ? "; " : "", advice != NULL ? advice : "");
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
             error_text(errno));
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

/* Who asks about a process of the host would otherwise hear that it does not exist. */
static void tell_namespace(void)
{
    uint64_t pid_namespace = process_pid_namespace();

    if (process_namespace_is_container(pid_namespace))
        log_line(
            LOG_NOTICE,
            "this is a container: answers are about the processes of its pid namespace %" PRIu64
            " only; for those of the host run pidstatd there",
            pid_namespace);
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
        tell_namespace();
        background_ready();
        status = event_base_dispatch(self->base) < 0 ? EX_OSERR : 0;
        log_stats(self, LOG_INFO);
    } else {
        log_line(LOG_ERR, "cannot serve: %s", error_text(errno));
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
    self->base = event_loop_create();
    if (self->base == NULL) {
        log_line(LOG_ERR, "cannot serve: %s", error_text(errno));
        return EX_OSERR;
    }
    status = serve_on(self);
    pidstat_server_destroy(self->server);
    event_base_free(self->base);
    return status;
}

int main(int argc, char **argv)
{
    struct pidstatd self = {.background = true};
    struct background background = {.name = "pidstatd", .serve = serve, .context = &self};
    char **words;
    int status;

    descriptor_occupy_streams(0);
    self.server = pidstat_server_create();
    if (self.server == NULL)
        return cli_error("pidstatd", EX_OSERR, "cannot start: %s", error_text(errno));
    status = command_line_parse(&command_line, argc, argv, &self, &words);
    if (status >= 0) {
        pidstat_server_destroy(self.server);
        return status;
    }
    if (pidstat_server_set_host(self.server, self.host) != 0)
        return cli_error("pidstatd", EX_OSERR, "cannot start: %s", error_text(errno));
    background.foreground = !self.background;
    background.quiet = self.background;
    background.pid_file = self.pid_file;
    log_open("pidstatd", self.background ? "syslog" : NULL, self.debug);
    status = listen_on_sockets(&self);
    return status != 0 ? status : background_run(&background);
}
