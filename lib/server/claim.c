/* What stands behind a request: connections that wait for it, sessions, the owner's process.
 * Must not end a request but on proof: its process has ended, or its waiter has no connection. */
#include "claim.h"

#include <stdlib.h>
#include <syslog.h>

#include "context.h"
#include "limit.h"
#include "lock/pools.h"
#include "owner_finder.h"
#include "owner_process.h"
#include "owner_watch.h"
#include "pass.h"
#include "reply.h"
#include "silence.h"

enum { TELL_COST_US = 2 };

/* Of a waiter that may come back. */
struct absence {
    struct event grace; /* the timer until it is given up */
    bool is_away;       /* it is among server->away_count */
};

static void on_grace_over(evutil_socket_t fd, short events, void *context);

static struct claim *claim_of(struct ipclocker_server *server, struct lock_request *request)
{
    struct claim *claim = request->user_data;

    if (claim != NULL)
        return claim;
    claim = calloc(1, sizeof *claim);
    if (claim == NULL)
        return NULL;
    claim->server = server;
    claim->request = request;
    request->user_data = claim;
    return claim;
}

/* Returns -1 when there is no memory. */
static int begin_absence(struct claim *claim, time_t grace_s)
{
    const struct timeval grace = {.tv_sec = grace_s};

    claim->absence = calloc(1, sizeof *claim->absence);
    if (claim->absence == NULL)
        return -1;
    evtimer_assign(&claim->absence->grace, claim->server->base, on_grace_over, claim);
    return evtimer_add(&claim->absence->grace, &grace);
}

static void end_absence(struct claim *claim)
{
    if (claim->absence == NULL)
        return;
    claim->server->away_count -= claim->absence->is_away;
    event_del(&claim->absence->grace);
    free(claim->absence);
    claim->absence = NULL;
}

static void unlink_claim(struct claim_link *link)
{
    if (link->conn->waiting == link)
        link->conn->waiting = NULL;
    link->conn->account->links--;
    LIST_REMOVE(link, of_claim);
    LIST_REMOVE(link, of_conn);
    free(link);
}

static void claim_destroy(struct claim *claim)
{
    /* The analyser does not see that LIST_REMOVE moves the head on. */
    while (!LIST_EMPTY(&claim->links))
        unlink_claim(LIST_FIRST(&claim->links)); /* NOLINT(clang-analyzer-unix.Malloc) */
    owner_watch_stop(claim);
    silence_forget(claim);
    owner_finder_forget(claim);
    end_absence(claim);
    claim->request->user_data = NULL;
    free(claim);
}

static void destroy_claim_of(struct lock_request *request)
{
    if (request->user_data != NULL)
        claim_destroy(request->user_data);
}

void claim_destroy_all(struct ipclocker_server *server)
{
    const struct lock_seat *seat = NULL;
    struct lock_request *waiter = NULL;

    if (server->table == NULL)
        return;
    while ((seat = lock_table_next_held(server->table, seat)) != NULL)
        destroy_claim_of(seat->request);
    while ((waiter = lock_table_next_waiter(server->table, waiter)) != NULL)
        destroy_claim_of(waiter);
}

void claim_watch_owner(struct ipclocker_server *server, struct lock_request *request)
{
    struct claim *claim;

    /* One that has a claim may have been renewed by another process, or without autounlock. */
    if (request->user_data == NULL && !silence_counts(server, request) &&
        (!request->autounlock || request->process->host == NULL || request->process->pid == 0))
        return;
    claim = claim_of(server, request);
    if (claim == NULL)
        return;
    silence_watch(claim);
    owner_watch_start(claim, false);
}

void claim_watch_all(struct conn *conn)
{
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const struct lock_table *table = conn->server->table;
        struct lock_request *request = NULL;

        while ((request = lock_table_next_own(table, conn->user, conn->demand.names[i], request)) !=
               NULL)
            claim_watch_owner(conn->server, request);
    }
}

static bool has_session(const struct claim *claim)
{
    const struct claim_link *link;

    LIST_FOREACH(link, &claim->links, of_claim)
    {
        if (link->conn->session)
            return true;
    }
    return false;
}

/* It stands in both lists, and either may be long. */
static struct claim_link *find_link(const struct conn *conn, const struct claim *claim)
{
    struct claim_link *of_conn = LIST_FIRST(&conn->links), *of_claim = LIST_FIRST(&claim->links);

    while (of_conn != NULL && of_claim != NULL) {
        if (of_conn->claim == claim)
            return of_conn;
        if (of_claim->conn == conn)
            return of_claim;
        of_conn = LIST_NEXT(of_conn, of_conn);
        of_claim = LIST_NEXT(of_claim, of_claim);
    }
    return NULL;
}

static struct claim_link *add_link(struct conn *conn, struct claim *claim)
{
    struct claim_link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return NULL;
    link->claim = claim;
    link->conn = conn;
    LIST_INSERT_HEAD(&claim->links, link, of_claim);
    LIST_INSERT_HEAD(&conn->links, link, of_conn);
    conn->account->links++;
    return link;
}

const struct refusal *claim_check_room(const struct conn *conn)
{
    if (!conn->session ||
        conn->account->links < limit_value(conn->server, IPCLOCKER_LIMIT_CLIENT_SESSIONS))
        return NULL;
    return limit_refuse(conn->server, IPCLOCKER_LIMIT_CLIENT_SESSIONS, conn->account);
}

/* It may have been absent, or one that its process was to leave behind. */
static void come_back(struct claim *claim)
{
    struct lock_request *request = claim->request;

    if (request->state == LOCK_WAITING && !request->present)
        lock_table_set_present(claim->server->table, request, true, context_now_ms(claim->server));
}

int claim_join(struct conn *conn, struct lock_request *request, bool waits)
{
    struct claim *claim = claim_of(conn->server, request);
    struct claim_link *link;

    if (claim == NULL)
        return -1;
    link = find_link(conn, claim);
    if (link == NULL && (link = add_link(conn, claim)) == NULL)
        return -1;
    if (waits) {
        link->waits = true;
        conn->waiting = link;
    }
    end_absence(claim);
    if (conn->session) {
        owner_watch_stop(claim);
        owner_finder_note(claim, conn);
        come_back(claim);
    }
    silence_watch(claim);
    return 0;
}

int claim_join_all(struct conn *conn)
{
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const struct lock_table *table = conn->server->table;
        struct lock_request *request = NULL;

        while ((request = lock_table_next_own(table, conn->user, conn->demand.names[i], request)) !=
               NULL) {
            if (claim_join(conn, request, false) != 0)
                return -1;
        }
    }
    return 0;
}

static void count_as_away(struct claim *claim)
{
    claim->absence->is_away = true;
    claim->server->away_count++;
}

/* Nobody vouches for a waiter without session: others are not held up for it, and a stranger that
 * connects and hangs up again and again costs no more than so many places. */
static bool leave_for_a_while(struct claim *claim)
{
    struct ipclocker_server *server = claim->server;

    if (server->away_count >= AWAY_MAX ||
        server->away_count >= server->limits[IPCLOCKER_LIMIT_WAITERS] / 4 ||
        !lock_table_set_away(server->table, claim->request, context_now_ms(server)))
        return false;
    count_as_away(claim);
    return true;
}

/* The last connection of a waiter has gone.  Its owner may come back. */
static void suspend_wait(struct claim *claim, bool was_session)
{
    struct ipclocker_server *server = claim->server;

    if (begin_absence(claim, ABSENT_GRACE_S) != 0 || (!was_session && !leave_for_a_while(claim))) {
        lock_table_end(server->table, claim->request, LOCK_REASON_GONE, context_now_ms(server));
        return;
    }
    if (was_session)
        lock_table_set_present(server->table, claim->request, false, context_now_ms(server));
    owner_watch_start(claim, true);
}

static void on_grace_over(evutil_socket_t fd, short events, void *context)
{
    struct claim *claim = context;

    (void)fd;
    (void)events;
    context_log_of(claim->server, claim->request->payer, LOG_INFO,
                   "%s did not come back for its place in the queue", claim->request->owner);
    lock_table_end(claim->server->table, claim->request, LOCK_REASON_GONE,
                   context_now_ms(claim->server));
}

void claim_restore(struct ipclocker_server *server, struct lock_request *request)
{
    if (request->state == LOCK_WAITING) {
        struct claim *claim = claim_of(server, request);

        if (claim == NULL || begin_absence(claim, (time_t)server->state.requeue_grace_s) != 0) {
            lock_table_end(server->table, request, LOCK_REASON_GONE, context_now_ms(server));
            return;
        }
        if (request->away)
            count_as_away(claim);
    }
    claim_watch_owner(server, request);
}

void claim_leave_all(struct conn *conn)
{
    while (!LIST_EMPTY(&conn->links)) {
        struct claim_link *link = LIST_FIRST(&conn->links);
        struct claim *claim = link->claim;

        silence_leave(claim, conn);
        unlink_claim(link);
        if (claim->request->state == LOCK_WAITING && LIST_EMPTY(&claim->links))
            suspend_wait(claim, conn->session);
        else if (conn->session && !has_session(claim))
            owner_watch_start(claim, true);
    }
}

void claim_on_granted(struct lock_request *request)
{
    struct claim *claim = request->user_data;
    struct claim_link *link, *next;

    if (claim == NULL)
        return;
    end_absence(claim);
    owner_process_note_grant(claim);
    silence_watch(claim);
    for (link = LIST_FIRST(&claim->links); link != NULL; link = next) {
        struct conn *conn = link->conn;

        next = LIST_NEXT(link, of_claim);
        if (!link->waits)
            continue;
        link->waits = false;
        conn->waiting = NULL;
        conn->state = CONN_OPEN;
        pass_resume(conn);
        reply_text(conn, "print_obtained");
        reply_granted(conn, request);
        if (!conn->session)
            unlink_claim(link);
    }
}

/* Why a wait has ended; NULL when its owner has ended it. */
static const struct refusal *end_of_wait(enum lock_reason reason)
{
    static const struct refusal refusals[] = {
        [LOCK_REASON_BREAK] = {ERROR_CODE_CANCELLED,
                               "the wait was ended by somebody else, as by lockersh --cancel"},
        [LOCK_REASON_DEAD] = {ERROR_CODE_REFUSED,
                              "the wait was ended because the owner's process has ended"},
        [LOCK_REASON_JOB_END] = {ERROR_CODE_REFUSED,
                                 "the wait was ended because its job has ended"},
        [LOCK_REASON_INSIDE] = {ERROR_CODE_OWN,
                                "this owner would wait for itself: who holds it runs what asks "
                                "for it, and waits for that"},
    };

    if (reason >= sizeof refusals / sizeof *refusals || refusals[reason].text == NULL)
        return NULL;
    return &refusals[reason];
}

/* With the classic protocol a wait that somebody else has ended is not answered. */
static void tell_end_of_wait(struct conn *conn, enum lock_reason reason)
{
    conn->state = CONN_OPEN;
    conn->waiting = NULL;
    pass_resume(conn);
    if (conn->protocol >= 2)
        reply_status(conn, NULL, end_of_wait(reason));
}

/* Who gives a lock back has the answer to that. */
static bool gives_back(const struct conn *conn, enum lock_reason reason)
{
    return reason == LOCK_REASON_UNLOCK && conn->handling;
}

void claim_on_ended(struct lock_request *request, enum lock_reason reason)
{
    struct claim *claim = request->user_data;
    struct claim_link *link;

    if (claim == NULL)
        return;
    LIST_FOREACH(link, &claim->links, of_claim)
    {
        if (link->waits)
            tell_end_of_wait(link->conn, reason);
        else if (link->conn->session && request->token != 0 && !gives_back(link->conn, reason))
            reply_lost(link->conn, request, reason);
    }
    claim_destroy(claim);
}

/* In the midst of a list nothing can be said: behind it, it is told how it is then, once. */
static void tell_behind_list(struct claim_link *link)
{
    if (link->put_off)
        return;
    link->put_off = true;
    LIST_REMOVE(link, of_conn);
    LIST_INSERT_HEAD(&link->conn->links, link, of_conn);
}

void claim_tell_extended(const struct lock_request *request, struct conn *by)
{
    const struct claim *claim = request->user_data;
    struct claim_link *link;

    if (claim == NULL)
        return;
    LIST_FOREACH(link, &claim->links, of_claim)
    {
        by->turn_cost_us += TELL_COST_US;
        if (!link->conn->session || link->conn == by)
            continue;
        if (link->conn->list != NULL)
            tell_behind_list(link);
        else
            reply_extended(link->conn, request);
    }
}
