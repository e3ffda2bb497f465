/* Watching the processes of owners that asked for autounlock and have no session.
 * Must not take silence for death: only proof releases anything. */
#include "owner_watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pidstat_asker.h"
#include "process.h"

enum {
    QUESTIONS_A_SECOND = 500, /* to the pidstatd of other hosts, all together */
    ASK_AGAIN_MS = 30000,     /* where a host has no pidstatd that watches for us */
};

/* How often to look at a process that no descriptor could be had for. */
static const struct timeval look_again = {.tv_sec = 1};

/* The pid namespace that a machine starts with (PROC_PID_INIT_INO of the kernel).  A pidstatd
 * knows pids of its own namespace only, which is this one. */
static const uint64_t initial_pid_namespace = 0xeffffffc;

static bool is_local(const struct lock_request *request)
{
    return request->pid > 0 && request->pid <= INT_MAX && request->start != 0 &&
           request->boot != NULL && strcmp(request->boot, process_boot_id()) == 0 &&
           request->pid_namespace != 0 && request->pid_namespace == process_pid_namespace();
}

bool owner_watch_sees_end(const struct lock_request *request)
{
    return request->autounlock && is_local(request) &&
           process_lookup((pid_t)request->pid, request->start) == PROCESS_GONE;
}

static void release_dead_owner(struct claim *claim)
{
    struct ipclocker_server *server = claim->server;
    struct lock_request *request = claim->request;

    server_log(server, LOG_NOTICE, "process %llu of %s has ended: releasing what it %s",
               (unsigned long long)request->pid, request->owner,
               request->state == LOCK_HELD ? "held" : "waited for");
    lock_table_end(server->table, request, LOCK_REASON_DEAD, server_now_ms(server));
    server_arm_deadline(server);
}

/* ---- on this host ---- */

static void on_local_event(evutil_socket_t fd, short events, void *context)
{
    struct claim *claim = context;
    const struct lock_request *request = claim->request;

    (void)fd;
    (void)events;
    if (process_lookup((pid_t)request->pid, request->start) == PROCESS_GONE)
        release_dead_owner(claim);
    else
        event_add(claim->watch, claim->pidfd < 0 ? &look_again : NULL);
}

static void stop_local(struct claim *claim)
{
    if (claim->watch != NULL)
        event_free(claim->watch);
    claim->watch = NULL;
    if (claim->pidfd >= 0)
        close(claim->pidfd);
    claim->pidfd = -1;
}

static void watch_local(struct claim *claim)
{
    const struct lock_request *request = claim->request;

    claim->pidfd = process_open((pid_t)request->pid, request->start);
    if (claim->pidfd < 0 && errno == ESRCH) {
        release_dead_owner(claim);
        return;
    }
    claim->watch = event_new(claim->server->base, claim->pidfd, claim->pidfd >= 0 ? EV_READ : 0,
                             on_local_event, claim);
    if (claim->watch == NULL ||
        event_add(claim->watch, claim->pidfd < 0 ? &look_again : NULL) != 0) {
        server_log(claim->server, LOG_WARNING, "no memory to watch process %llu of %s",
                   (unsigned long long)request->pid, request->owner);
        stop_local(claim);
    }
}

/* ---- on other hosts ---- */

static void on_asker_readable(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;

    (void)fd;
    (void)events;
    pidstat_asker_process(server->asker);
}

/* The asker comes with the first question: most servers serve one host, or sessions only. */
static struct pidstat_asker *asker_of(struct ipclocker_server *server)
{
    const struct pidstat_asker_options options = {.port = (uint16_t)server->pidstat_port,
                                                  .repeat_ms = ASK_AGAIN_MS,
                                                  .rate = QUESTIONS_A_SECOND};

    if (server->asker != NULL)
        return server->asker;
    server->asker = pidstat_asker_create(&options);
    if (server->asker == NULL) {
        server_log(server, LOG_WARNING, "cannot ask other hosts for processes: %s",
                   strerror(errno));
        return NULL;
    }
    event_assign(&server->asker_readable, server->base, pidstat_asker_fd(server->asker),
                 EV_READ | EV_PERSIST, on_asker_readable, server);
    event_add(&server->asker_readable, NULL);
    return server->asker;
}

static void on_verdict(void *context, const struct pidstat_result *result)
{
    struct claim *claim = context;

    if (result->verdict != VERDICT_GONE)
        return;
    /* The question has ended with this call. */
    claim->question = NULL;
    release_dead_owner(claim);
}

static bool can_be_asked_about(const struct claim *claim)
{
    const struct lock_request *request = claim->request;

    return claim->server->pidstat_port >= 0 && request->host != NULL &&
           (request->pid_namespace == 0 || request->pid_namespace == initial_pid_namespace);
}

static void ask_about(struct claim *claim, bool urgent)
{
    const struct lock_request *request = claim->request;
    const struct pidstat_target target = {
        .host = request->host,
        .pid = (pid_t)request->pid,
        .start = request->start,
        .boot = request->boot,
        .flags = ASK_STANDING | ASK_BY_NETWORK | (urgent ? ASK_URGENT : 0),
    };
    struct pidstat_asker *asker = asker_of(claim->server);

    if (asker == NULL)
        return;
    claim->question = pidstat_asker_ask(asker, &target, on_verdict, claim);
    if (claim->question == NULL)
        server_log(claim->server, LOG_INFO, "cannot watch process %llu of %s: %s",
                   (unsigned long long)request->pid, request->owner, strerror(errno));
}

/* ---- both ---- */

void owner_watch_start(struct claim *claim, bool urgent)
{
    const struct lock_request *request = claim->request;

    if (!request->autounlock || request->pid == 0 || request->pid > INT_MAX)
        return;
    if (claim->question != NULL && urgent)
        pidstat_asker_hurry(claim->server->asker, claim->question);
    if (claim->watch != NULL || claim->question != NULL)
        return;
    if (is_local(request))
        watch_local(claim);
    else if (can_be_asked_about(claim))
        ask_about(claim, urgent);
}

void owner_watch_stop(struct claim *claim)
{
    if (claim->question != NULL)
        pidstat_asker_cancel(claim->server->asker, claim->question);
    claim->question = NULL;
    stop_local(claim);
}

void owner_watch_fini(struct ipclocker_server *server)
{
    if (server->asker == NULL)
        return;
    event_del(&server->asker_readable);
    pidstat_asker_destroy(server->asker);
    server->asker = NULL;
}
