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
#include "cli/message.h"
#include "daemon_config.h"
#include "event_loop.h"
#include "log.h"
#include "pidstat.h"
#include "pidstatd_http.h"
#include "pidstatd_options.h"
#include "privileges.h"
#include "process/process.h"

struct pidstatd {
    struct pidstatd_options options;
    struct privileges privileges;
    struct pidstat_server *server;
    struct event_base *base;
    struct pidstat_server_stats logged;
    struct event *debug_timer, *minute_timer;
    uint64_t denied_before; /* a minute ago */
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
                     self->options.host != NULL ? self->options.host : "any address",
                     (unsigned)pidstat_server_port(self->server), reason,
                     advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

/* A daemon that only looks needs no rights; only who names a user keeps another's. */
static int become_ordinary(const struct privileges *privileges)
{
    if (privileges_drop(privileges) == 0)
        return 0;
    log_line(LOG_ERR, "cannot become user %s: %s", privileges->user, error_text(errno));
    return EX_OSERR;
}

static void log_stats(struct pidstatd *self, int priority)
{
    struct pidstat_server_stats now;

    pidstat_server_stats(self->server, &now);
    log_line(priority,
             "%" PRIu64 " questions, %" PRIu64 " answers, %" PRIu64 " malformed, %zu watches, "
             "%" PRIu64 " ends told, %" PRIu64 " watches refused, %" PRIu64 " not allowed to ask",
             now.questions, now.answers, now.malformed, now.watches, now.watched, now.refused,
             now.denied);
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

/* What can change while it runs: called at the start, too. */
static int set_what_may_change(struct pidstatd *self, const struct pidstatd_options *options)
{
    const struct timeval every = {.tv_sec = 10}, minute = {.tv_sec = 60};

    log_set_debug(options->debug);
    event_del(self->debug_timer);
    event_del(self->minute_timer);
    if (pidstat_server_set_allow(self->server, options->allow, options->allow_count) != 0 ||
        pidstatd_http_set_allow(options->allow, options->allow_count) != 0 ||
        (options->allow_count > 0 && event_add(self->minute_timer, &minute) != 0) ||
        (options->debug && event_add(self->debug_timer, &every) != 0))
        return -1;
    return 0;
}

static void read_config_again(struct pidstatd *self)
{
    struct pidstatd_options options;
    struct conf *file;

    if (!daemon_config_again(&pidstatd_told, &options, &file))
        return;
    daemon_config_is_taken(&pidstatd_told);
    if (set_what_may_change(self, &options) != 0)
        log_line(LOG_ERR, "not all of it could be set: %s", error_text(errno));
    conf_free(file);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
    on_report(signal, what, arg);
    read_config_again(arg);
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

static void on_minute(evutil_socket_t fd, short what, void *arg)
{
    struct pidstatd *self = arg;
    struct pidstat_server_stats now;

    (void)fd;
    (void)what;
    pidstat_server_stats(self->server, &now);
    if (now.denied != self->denied_before)
        log_line(LOG_WARNING, "%" PRIu64 " datagrams came from addresses that may not ask",
                 now.denied - self->denied_before);
    self->denied_before = now.denied;
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
    enum { DEBUG_TIMER = 4, MINUTE_TIMER, EVENTS };
    struct event *events[EVENTS] = {
        evsignal_new(self->base, SIGTERM, on_stop, self),
        evsignal_new(self->base, SIGINT, on_stop, self),
        evsignal_new(self->base, SIGUSR1, on_report, self),
        evsignal_new(self->base, SIGHUP, on_hangup, self),
        event_new(self->base, -1, EV_PERSIST, on_debug_timer, self),
        event_new(self->base, -1, EV_PERSIST, on_minute, self),
    };
    bool has_timers = events[DEBUG_TIMER] != NULL && events[MINUTE_TIMER] != NULL;
    int status = EX_OSERR, failed = has_timers ? 0 : -1;

    self->debug_timer = events[DEBUG_TIMER];
    self->minute_timer = events[MINUTE_TIMER];
    for (size_t i = 0; i < DEBUG_TIMER; i++)
        failed |= add_event(events[i], NULL);
    if (failed == 0 && set_what_may_change(self, &self->options) == 0 &&
        pidstat_server_attach(self->server, self->base) == 0 &&
        pidstatd_http_start(self->base) == 0) {
        log_line(LOG_INFO, "listens on %s port %u",
                 self->options.host != NULL ? self->options.host : "any address",
                 (unsigned)pidstat_server_port(self->server));
        tell_namespace();
        if (background_is_again())
            read_config_again(self);
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
    status = become_ordinary(&self->privileges);
    if (status != 0)
        return status;
    self->base = event_loop_create();
    if (self->base == NULL) {
        log_line(LOG_ERR, "cannot serve: %s", error_text(errno));
        return EX_OSERR;
    }
    status = serve_on(self);
    pidstatd_http_stop();
    pidstat_server_destroy(self->server);
    self->server = NULL;
    event_base_free(self->base);
    return status;
}

static int start(struct pidstatd *self)
{
    const struct background background = {.name = "pidstatd",
                                          .serve = serve,
                                          .context = self,
                                          .foreground = !self->options.background,
                                          .quiet = self->options.background,
                                          .pid_file = self->options.pid_file};
    char why[OWN_FILE_WHY_SIZE];
    int status;

    if (pidstat_server_set_host(self->server, self->options.host) != 0)
        return cli_error("pidstatd", EX_OSERR, "cannot start: %s", error_text(errno));
    if (self->options.port != NULL)
        pidstat_server_set_port(self->server, self->options.port);
    pidstat_server_set_max_watches(self->server, self->options.max_watches);
    privileges_choose(&self->options.privileges, "nobody", &self->privileges);
    log_open("pidstatd", self->options.background ? "syslog" : NULL, self->options.debug,
             &self->privileges, why);
    status = listen_on_sockets(self);
    if (status == 0)
        status = pidstatd_http_listen(&self->options.http, self->server);
    return status != 0 ? status : background_run(&background);
}

int main(int argc, char **argv)
{
    struct pidstatd self = {.server = NULL};
    int status;

    descriptor_occupy_streams(0);
    status = conf_options_begin(&pidstatd_told, argc, argv, &self.options);
    if (status >= 0)
        return status;
    self.server = pidstat_server_create();
    if (self.server == NULL)
        return cli_error("pidstatd", EX_OSERR, "cannot start: %s", error_text(errno));
    status = start(&self);
    pidstat_server_destroy(self.server);
    return status;
}
