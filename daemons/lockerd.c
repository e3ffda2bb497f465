/* lockerd(8): options and wiring of the lock server.
 * Must not do anything that an embedded server could not have done for it. */
#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
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
#include "cli/message.h"
#include "daemon_config.h"
#include "event_loop.h"
#include "group_check.h"
#include "ipclocker_server.h"
#include "lockerd_http.h"
#include "lockerd_options.h"
#include "lockerd_resign.h"
#include "lockerd_rules.h"
#include "log.h"
#include "server/replicated.h"
#include "store/file.h"
#ifdef FARMLOCK_ETCD
#include "store/etcd_store.h"
#endif

enum { MAPPED_FROM_BYTES = 256 * 1024 };
enum { LISTEN_FDS_START = 3 };

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

static int listen_everywhere(struct ipclocker_server *server, const struct lockerd_options *options)
{
    const char *port = options->port != NULL ? options->port : getenv("IPCLOCKER_PORT");
    int given = listen_at_given_sockets(server);

    if (given < 0)
        return -1;
    if (options->path != NULL && ipclocker_server_listen_unix(server, options->path) != 0)
        return -1;
    for (size_t i = 0; i < options->host_count; i++) {
        if (ipclocker_server_listen(server, options->hosts[i], port) != 0)
            return -1;
    }
    /* A port that the command line names is meant, also beside a path. */
    if (options->host_count == 0 && given == 0 && (options->path == NULL || options->port != NULL))
        return ipclocker_server_listen(server, "localhost", port);
    return 0;
}

struct lockerd {
    struct ipclocker_server *server; /* NULL once it was destroyed */
    struct privileges privileges;    /* whom to become */
    char *state;
    const char *history_file; /* of a state in etcd */
};

/* Where the state is kept.  Returns 0, or the status to exit with. */
static int set_state(struct lockerd *self, const struct lockerd_options *options)
{
    struct ipclocker_server *server = self->server;
    char *path = options->state != NULL ? strdup(options->state) : store_file_default_path();
    int result;

    if (path == NULL) {
        if (errno == ENOENT)
            return cli_error("lockerd", EX_OSERR,
                             "there is no home for the state file; name one with --state, or none");
        return cli_error("lockerd", EX_OSERR, "%s", error_text(errno));
    }
    self->state = path;
#ifdef FARMLOCK_ETCD
    store_offer_shared(store_etcd_open);
#else
    if (store_is_shared(path))
        return cli_error("lockerd", EX_USAGE, "this lockerd was built without etcd (WITH_ETCD=0)");
#endif
    result = ipclocker_server_set_state(server, path, options->durability);
    self->history_file = options->etcd.history_file;
    ipclocker_server_set_etcd(server, &options->etcd);
    ipclocker_server_set_history(server, options->history_s);
    ipclocker_server_set_history_size(server, options->history_bytes);
    ipclocker_server_set_requeue_grace(server, (unsigned)options->requeue_grace_s);
    ipclocker_server_set_move_corrupt_state(server, options->move_corrupt_state);
    return result == 0 ? 0 : EX_OSERR;
}

static void set_limits(struct ipclocker_server *server, const struct lockerd_options *options)
{
    for (size_t i = 0; i < IPCLOCKER_LIMITS; i++)
        ipclocker_server_set_limit(server, (enum ipclocker_limit)i, options->limits[i]);
}

static bool logs_elsewhere;

static void write_log(void *context, int priority, const char *text)
{
    (void)context;
    log_line(priority, "%s", text);
}

/* What can change while the server runs: called at the start, too. */
static void set_what_may_change(struct ipclocker_server *server,
                                const struct lockerd_options *options)
{
    log_set_debug(options->debug);
    set_limits(server, options);
    ipclocker_server_set_debug(server, options->debug);
    if (ipclocker_server_set_allow(server, options->allow, options->allow_count) != 0)
        log_line(LOG_ERR, "whom to serve stays as it was: %s", ipclocker_server_error(server));
    lockerd_http_set_allow(options->allow, options->allow_count);
    lockerd_http_read_page(&options->http);
    if (lockerd_rules_apply(options->rules, server) != 0)
        log_line(LOG_ERR, "the pools stay as they were: %s", ipclocker_server_error(server));
}

/* A configuration that is to come, while its groups are looked for. */
static struct {
    struct event_base *base;
    struct ipclocker_server *server;
    struct lockerd_options options;
    struct conf *file;
    bool is_asked_again;
} next;

static void read_config_again(struct ipclocker_server *server);

static void take_next(void *context, bool is_sound)
{
    (void)context;
    if (is_sound) {
        daemon_config_is_taken(&lockerd_told);
        set_what_may_change(next.server, &next.options);
    } else {
        daemon_config_is_faulty(&lockerd_told);
        rules_free(next.options.rules);
    }
    conf_free(next.file);
    if (next.is_asked_again)
        read_config_again(next.server);
}

static void read_config_again(struct ipclocker_server *server)
{
    next.is_asked_again = group_check_is_under_way();
    if (next.is_asked_again) {
        log_line(LOG_NOTICE, "the configuration is read again when the group database has answered "
                             "about that of before");
        return;
    }
    if (!daemon_config_again(&lockerd_told, &next.options, &next.file))
        return;
    next.server = server;
    if (!rules_name_system_groups(next.options.rules) ||
        group_check_start(next.base, next.options.rules, take_next, NULL) != 0)
        take_next(NULL, true);
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
    log_reopen();
    read_config_again(context);
}

/* Whoever starts a server looks at standard error, wherever the log goes. */
static void report_failed_start(const char *reason)
{
    if (logs_elsewhere)
        cli_error("lockerd", 0, "cannot serve: %s", reason);
    log_line(LOG_ERR, "cannot serve: %s", reason);
}

/* Gives up the rights of root, and what the server needs to the user that it becomes. */
static int become_ordinary(const struct lockerd *self)
{
    const struct privileges *user = &self->privileges;
    const char *file;
    char error[STORE_ERROR_SIZE];

    if (user->user == NULL)
        return 0;
    file = store_is_shared(self->state) ? self->history_file : self->state;
    if (file != NULL && store_file_hand_over(file, user->user, user->uid, user->gid, error) != 0) {
        report_failed_start(error);
        return EX_OSERR;
    }
    if (privileges_drop(user) == 0)
        return 0;
    snprintf(error, sizeof error,
             "cannot become user %s: %s; start lockerd as that user, or name "
             "another with --user",
             user->user, error_text(errno));
    report_failed_start(error);
    return EX_OSERR;
}

static void on_resign_signal(evutil_socket_t signal, short events, void *context)
{
    (void)signal;
    (void)events;
    ipclocker_server_resign(context);
}

static int serve_from(struct ipclocker_server *server, struct event_base *base)
{
    struct event *events[] = {evsignal_new(base, SIGTERM, on_stop_signal, base),
                              evsignal_new(base, SIGINT, on_stop_signal, base),
                              evsignal_new(base, SIGHUP, on_hangup_signal, server),
                              evsignal_new(base, SIGUSR1, on_resign_signal, server)};
    const char *failure = NULL;
    bool ready = true;

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        ready &= events[i] != NULL && event_add(events[i], NULL) == 0;
    /* Before the state is read, which may take long: who asks is told so. */
    if (!ready || (failure = lockerd_http_start(base)) != NULL ||
        ipclocker_server_start(server, base) != 0) {
        report_failed_start(failure != NULL ? failure : ipclocker_server_error(server));
        ready = false;
    } else {
        log_line(LOG_INFO, "version " FARMLOCK_VERSION " serves");
        next.base = base;
        lockerd_rules_ask_later();
        lockerd_who_ask_no_more();
        /* Who comes after one that died goes by the file as it is now, as that one did. */
        if (background_is_again())
            read_config_again(server);
        background_ready();
        event_base_dispatch(base);
    }
    lockerd_http_stop();
    ipclocker_server_destroy(server);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL)
            event_free(events[i]);
    }
    return ready ? 0 : EX_OSERR;
}

/* Removes the socket's file where the server had no right to. */
static void clean_up(void *context)
{
    struct lockerd *self = context;

    lockerd_http_stop();
    ipclocker_server_destroy(self->server);
    self->server = NULL;
}

/* One that has died leaves sockets behind at which the kernel would go on taking clients, while it
 * is not certain that the next one leads. */
static void shut_sockets(void *context)
{
    struct lockerd *self = context;

    if (store_is_shared(self->state))
        ipclocker_server_end_listening(self->server);
}

/* The next one of this instance would take up at once what the dead one has left, but there is none
 * for now. */
static void resign_for_server(void *context)
{
    lockerd_resign_for(((const struct lockerd *)context)->server);
}

/* Serves until a signal ends it; background_run() calls this in the process that is to serve. */
static int serve(void *context)
{
    struct lockerd *self = context;
    struct event_base *base = NULL;
    int status = become_ordinary(self);

    if (background_is_again())
        ipclocker_server_accept_no_older_state(self->server);
    if (status == 0 && (base = event_loop_create()) == NULL) {
        report_failed_start(error_text(errno));
        status = EX_OSERR;
    }
    if (status == 0)
        status = serve_from(self->server, base);
    else
        clean_up(self);
    self->server = NULL;
    if (base != NULL)
        event_base_free(base);
    return status;
}

static int open_log(const struct lockerd_options *options, const struct privileges *owner)
{
    char why[OWN_FILE_WHY_SIZE];

    logs_elsewhere = options->log != NULL;
    if (log_open("lockerd", options->log, options->debug, owner, why) == 0)
        return 0;
    return cli_error("lockerd", EX_OSERR, "cannot open the log %s: %s", options->log, why);
}

static int prepare(struct lockerd *self, const struct lockerd_options *options)
{
    int status;

    self->server = ipclocker_server_create();
    status = self->server != NULL ? set_state(self, options) : 0;
    if (status != 0)
        return status;
    if (self->server == NULL || listen_everywhere(self->server, options) != 0) {
        status = errno == EINVAL || errno == ENAMETOOLONG ? EX_USAGE : EX_OSERR;
        cli_error("lockerd", status, "%s",
                  self->server != NULL ? ipclocker_server_error(self->server) : error_text(errno));
        ipclocker_server_destroy(self->server);
        return status;
    }
    ipclocker_server_set_log(self->server, write_log, NULL);
    status = lockerd_who_apply(&options->who, self->server);
    if (status != 0)
        return status;
    status = lockerd_http_listen(&options->http, self->server);
    if (status != 0)
        return status;
    set_what_may_change(self->server, options);
    ipclocker_server_set_pidstat_port(self->server, options->pidstat_port);
    ipclocker_server_set_classic_pidstatd(self->server, !options->no_classic_pidstatd);
    return 0;
}

int main(int argc, char **argv)
{
    static struct lockerd_options options; /* what it has is in use until the end */
    /* Not destroyed in the processes that only wait: its socket files are the server's. */
    static struct lockerd self;
    struct background background = {.name = "lockerd",
                                    .serve = serve,
                                    .died = shut_sockets,
                                    .away = resign_for_server,
                                    .ended = clean_up,
                                    .context = &self};
    int status;

    descriptor_occupy_streams(0);
    status = conf_options_begin(&lockerd_told, argc, argv, &options);
    if (status >= 0)
        return status;
    privileges_choose(&options.privileges, "farmlock", &self.privileges);
    if (options.resigns)
        return lockerd_resign(&options, &self.privileges);
    if (options.log == NULL && options.background)
        options.log = "syslog";
    status = open_log(&options, &self.privileges);
    if (status != 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* until there is something to give up */
    signal(SIGXFSZ, SIG_IGN); /* a state file at its limit is an error to report */
    descriptor_raise_limit();
    /* Else the memory of long lists stays with the process: a threshold that is set does not grow.
     */
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    status = prepare(&self, &options);
    if (status != 0)
        return status;
    background.pid_file = options.pid_file;
    background.foreground = !options.background;
    background.quiet = options.log != NULL;
    return background_run(&background);
}
