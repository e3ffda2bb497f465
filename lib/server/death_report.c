/* DEAD_PID of processes elsewhere: a report is a reason to ask.
 * Must not believe one that somebody can be asked about, nor one of just anybody. */
#include "death_report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <syslog.h>

#include "base/clock.h"
#include "context.h"
#include "lock/ending.h"
#include "lock/nesting.h"
#include "may.h"
#include "owner_asker.h"
#include "owner_end.h"
#include "pass.h"
#include "process/process.h"
#include "state_note.h"
#include "turn.h"

enum {
    OF_A_CLIENT_MAX = 100,
    STARTS_MOST = 8, /* of one pid that a report may mean */
    PATIENCE_MS = 3000,
    LONG_US = 1000,
    PAUSE_S = 1
};

struct death_report {
    LIST_ENTRY(death_report) next;
    struct ipclocker_server *server;
    struct account *client;          /* whose it is */
    struct asker_question *question; /* NULL while it waits for `again` */
    struct event again;
    struct may_reporter reporter;
    int64_t at_ms;
    uint64_t start; /* of the process; of one that has its pid by now nothing was reported */
    uint64_t pid_namespace; /* of whom somebody is asked, like the next */
    char boot[BOOT_TEXT_SIZE];
    unsigned char peer[IP_BYTES];
    pid_t pid;
    bool is_proven; /* its end, whoever has reported it */
    bool is_ending; /* what its process has, and that is not over */
    struct lock_ending ending;
    int64_t spent_us;
    char user[256], who[MAY_WHO_SIZE];
    char host[];
};

static bool is_of_process(const struct death_report *report, const struct lock_request *request)
{
    return request->process->start == report->start && request->last_asked_ms <= report->at_ms;
}

/* Who is asked depends on what the request says beside the start: it may be one who says what its
 * asker wants to hear, and that is proof for nobody else. */
static bool was_asked_about(const struct death_report *report, const struct lock_request *request)
{
    const struct lock_claimant *process = request->process;

    return process->pid_namespace == report->pid_namespace &&
           strcmp(process->boot != NULL ? process->boot : "", report->boot) == 0 &&
           (!process_namespace_is_container(process->pid_namespace) ||
            memcmp(request->asker.peer, report->peer, sizeof report->peer) == 0);
}

static bool allows(const struct lock_judge *judge, const struct lock_request *request)
{
    const struct death_report *report = judge->context;

    return is_of_process(report, request) &&
           ((report->is_proven && was_asked_about(report, request)) ||
            may_report_death(report->server, &report->reporter, request));
}

/* Ends some of what the process has, and adds what that costs who reports it.  Returns whether that
 * was the rest. */
static bool end_some(struct death_report *report, size_t looks, uint32_t *cost_us)
{
    struct ipclocker_server *server = report->server;
    const struct lock_judge judge = {.allows = allows, .context = report};
    const struct store_culprit culprit = {.name = report->user, .asker = &report->reporter.asker};
    int64_t before_us = clock_now_us();
    bool is_over;

    /* Who is right takes nothing from anybody. */
    server->culprit = report->is_proven ? NULL : &culprit;
    is_over =
        lock_table_end_some(server->table, &report->ending, &judge, looks, context_now_ms(server));
    may_end_blame(server);
    report->spent_us += clock_now_us() - before_us;
    *cost_us += (uint32_t)(report->ending.looked / TURN_LOOKS_A_US);
    return is_over;
}

static void log_end(const struct death_report *report)
{
    if (report->ending.ended > 0)
        context_log_of(report->server, report->client, LOG_NOTICE,
                       "process %d at %s was reported dead by %s%s: %zu released", (int)report->pid,
                       report->host, report->who, report->is_proven ? ", and is" : "",
                       report->ending.ended);
    else
        context_log_of(report->server, report->client, LOG_NOTICE,
                       "process %d at %s was reported dead by %s, which nobody there says: kept",
                       (int)report->pid, report->host, report->who);
}

static void set_ending(struct death_report *report, bool is_ending)
{
    report->server->reports_ending += is_ending;
    report->server->reports_ending -= report->is_ending;
    report->is_ending = is_ending;
}

static void forget(struct death_report *report)
{
    set_ending(report, false);
    event_del(&report->again);
    LIST_REMOVE(report, next);
    report->client->holders--;
    free(report);
}

static void on_forgotten(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    forget(context);
}

/* All that are not over share a pass.  One that was wrong, and of a process that has much, is not
 * looked into again at once: until then the like of it is not taken. */
static void go_on(struct death_report *report, uint32_t *cost_us)
{
    static const struct timeval pause = {.tv_sec = PAUSE_S};
    struct ipclocker_server *server = report->server;

    set_ending(report, !owner_end_may_go_on(server) ||
                           !end_some(report, TURN_LOOKS / (1 + server->reports_ending), cost_us));
    pass_queue_end(server);
    if (report->is_ending)
        return;
    log_end(report);
    evtimer_assign(&report->again, server->base, on_forgotten, report);
    if (report->ending.ended > 0 || report->spent_us < LONG_US ||
        evtimer_add(&report->again, &pause) != 0)
        forget(report);
}

static void on_next_slice(evutil_socket_t fd, short events, void *context)
{
    struct death_report *report = context;
    struct account *client = report->client;
    uint32_t cost_us = 0;

    (void)fd;
    (void)events;
    go_on(report, &cost_us);
    account_charge(client, cost_us);
}

static void end(struct death_report *report, uint32_t *cost_us)
{
    if (state_note_is_down(report->server)) {
        forget(report);
        return;
    }
    evtimer_assign(&report->again, report->server->base, on_next_slice, report);
    lock_ending_init_process(&report->ending, report->server->table, report->host,
                             (uint64_t)report->pid);
    go_on(report, cost_us);
}

/* Somebody has been asked, and it is at an end. */
static void end_later(struct death_report *report)
{
    struct account *client = report->client;
    uint32_t cost_us = 0;

    end(report, &cost_us);
    account_charge(client, cost_us);
}

/* What somebody was asked about, where it is there still. */
static bool is_sought(const struct lock_judge *judge, const struct lock_request *request)
{
    return is_of_process(judge->context, request) && was_asked_about(judge->context, request);
}

static uint32_t cost_of_looks(size_t left)
{
    return (uint32_t)(LOCK_OF_PROCESS_LOOKS - left) / TURN_LOOKS_A_US;
}

static void ask(struct death_report *report, const struct lock_request *request, uint32_t *cost_us);

static void on_again(evutil_socket_t fd, short events, void *context)
{
    struct death_report *report = context;
    struct account *client = report->client;
    const struct lock_judge judge = {.allows = is_sought, .context = report};
    size_t looks = LOCK_OF_PROCESS_LOOKS;
    const struct lock_request *request = lock_table_find_of_pid(
        report->server->table, report->host, (uint64_t)report->pid, report->start, &judge, &looks);
    uint32_t cost_us = cost_of_looks(looks);

    (void)fd;
    (void)events;
    if (request != NULL)
        ask(report, request, &cost_us);
    else
        forget(report);
    account_charge(client, cost_us);
}

/* Nobody has answered, and not for being slow: a pidstatd may just be starting anew. */
static bool wait_to_ask_again(struct death_report *report)
{
    static const struct timeval pause = {.tv_usec = 500000};

    if (context_now_ms(report->server) - report->at_ms >= PATIENCE_MS)
        return false;
    return evtimer_add(&report->again, &pause) == 0;
}

/* The address that a container's request came from is not its host's by that name. */
static void note_address(struct death_report *report, const struct pidstat_result *result)
{
    if (!process_namespace_is_container(report->pid_namespace))
        report->reporter.is_of_host |= result->is_of_peer;
}

static void on_verdict(void *context, const struct pidstat_result *result)
{
    struct death_report *report = context;

    report->question = NULL;
    note_address(report, result);
    report->is_proven = result->state == PIDSTAT_GONE;
    if (!result->answered && wait_to_ask_again(report))
        return;
    if (result->state != PIDSTAT_EXISTS) {
        end_later(report);
        return;
    }
    context_log_of(report->server, report->client, LOG_WARNING,
                   "process %d at %s was reported dead by %s, but lives", (int)report->pid,
                   report->host, report->who);
    forget(report);
}

static void on_name(void *context, const struct pidstat_result *result)
{
    struct death_report *report = context;

    report->question = NULL;
    note_address(report, result);
    end_later(report);
}

/* The process, of its host's pidstatd; or nobody can be asked about it, and the name of the host,
 * of the name service, for who reports may have come from there. */
static struct asker_question *ask_somebody(struct death_report *report,
                                           const struct lock_request *request)
{
    const struct owner_turn turn = {.peer = report->reporter.asker.peer, .is_report = true};

    if (owner_asker_can_ask(report->server, request))
        return owner_asker_ask(report->server, request, &turn, ASK_URGENT, on_verdict, report);
    if (request->process->host == NULL ||
        may_report_death(report->server, &report->reporter, request))
        return NULL;
    return owner_asker_ask(report->server, request, &turn, ASK_URGENT | ASK_NAME, on_name, report);
}

static void ask(struct death_report *report, const struct lock_request *request, uint32_t *cost_us)
{
    report->question = ask_somebody(report, request);
    if (report->question == NULL)
        end(report, cost_us);
}

static bool is_of_client(const struct death_report *report, const struct conn *conn)
{
    const struct lock_asker *asker = &report->reporter.asker;

    return memcmp(asker->peer, conn->asker.peer, sizeof asker->peer) == 0 &&
           asker->uid == conn->asker.uid && asker->proof == conn->asker.proof;
}

/* Of a client there are not more, and of a process one of each. */
static bool is_too_much(const struct conn *conn, const char *host,
                        const struct lock_request *request)
{
    const struct death_report *report;
    size_t count = 0;

    LIST_FOREACH(report, &conn->server->death_reports, next)
    {
        if (!is_of_client(report, conn))
            continue;
        if (++count >= OF_A_CLIENT_MAX ||
            ((uint64_t)report->pid == request->process->pid &&
             report->start == request->process->start && strcmp(report->host, host) == 0))
            return true;
    }
    return false;
}

static struct death_report *create(struct conn *conn, const char *host,
                                   const struct lock_request *request)
{
    size_t size = strlen(host) + 1;
    struct death_report *report = calloc(1, sizeof *report + size);

    if (report == NULL)
        return NULL;
    report->server = conn->server;
    report->client = conn->account;
    report->client->holders++;
    report->reporter = may_reporter_of(conn);
    report->at_ms = context_now_ms(conn->server);
    report->start = request->process->start;
    report->pid_namespace = request->process->pid_namespace;
    if (request->process->boot != NULL)
        strncpy(report->boot, request->process->boot, sizeof report->boot - 1);
    memcpy(report->peer, request->asker.peer, sizeof report->peer);
    report->pid = (pid_t)request->process->pid;
    strncpy(report->user, conn->user != NULL ? conn->user : "-", sizeof report->user - 1);
    evtimer_assign(&report->again, conn->server->base, on_again, report);
    may_describe(conn, report->who);
    memcpy(report->host, host, size);
    LIST_INSERT_HEAD(&conn->server->death_reports, report, next);
    return report;
}

/* May end what the request is of. */
static void take(struct conn *conn, const char *host, const struct lock_request *request)
{
    struct death_report *report =
        is_too_much(conn, host, request) ? NULL : create(conn, host, request);

    if (report != NULL)
        ask(report, request, &conn->turn_cost_us);
}

/* One that a report of the connection would count for, whoever else has claims to its pid. */
static bool is_reportable(const struct lock_judge *judge, const struct lock_request *request)
{
    const struct conn *conn = judge->context;
    const struct may_reporter reporter = may_reporter_of(conn);

    return may_report_death(conn->server, &reporter, request);
}

static bool is_any(const struct lock_judge *judge, const struct lock_request *request)
{
    (void)judge;
    (void)request;
    return true;
}

/* A report does not say which process of a pid it is, and strangers may claim to have any start: so
 * each is taken for meant, first those that its word counts for, and what lives is kept. */
static void take_all(struct conn *conn, const char *host, pid_t pid, const struct lock_judge *judge)
{
    const struct lock_request *request;
    size_t looks = LOCK_OF_PROCESS_LOOKS;
    uint64_t start = 0;

    for (size_t i = 0; i < STARTS_MOST; i++) {
        request =
            lock_table_find_of_pid(conn->server->table, host, (uint64_t)pid, start, judge, &looks);
        if (request == NULL)
            break;
        start = request->process->start;
        take(conn, host, request);
        if (start++ == UINT64_MAX)
            break;
    }
    conn->turn_cost_us += cost_of_looks(looks);
}

void death_report_take(struct conn *conn, const char *host, pid_t pid)
{
    const struct lock_judge reportable = {.allows = is_reportable, .context = conn};
    const struct lock_judge any = {.allows = is_any};

    take_all(conn, host, pid, &reportable);
    take_all(conn, host, pid, &any);
}

void death_report_end_pass(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};
    struct death_report *report;

    if (server->reports_ending == 0 || !owner_end_may_go_on(server))
        return;
    LIST_FOREACH(report, &server->death_reports, next)
    {
        if (report->is_ending && !evtimer_pending(&report->again, NULL))
            evtimer_add(&report->again, &at_once);
    }
}

void death_report_forget_ending(struct ipclocker_server *server)
{
    struct death_report *report, *next;

    for (report = LIST_FIRST(&server->death_reports); report != NULL; report = next) {
        next = LIST_NEXT(report, next);
        if (report->is_ending)
            forget(report);
    }
}

void death_report_stop(struct ipclocker_server *server)
{
    struct death_report *report;

    while ((report = LIST_FIRST(&server->death_reports)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the list when it is freed */
        if (report->question != NULL)
            pidstat_asker_cancel(server->asker, report->question);
        forget(report);
    }
}
