/* LOCK, RENEW, UNLOCK and DEAD_PROCESS: what an owner asks for, goes on with and gives back.
 * Must not decide who gets what: the lock table does. */
#include "command_lock.h"

#include <limits.h>
#include <string.h>
#include <syslog.h>

#include "base/number.h"
#include "base/words.h"
#include "claim.h"
#include "context.h"
#include "incarnation.h"
#include "owner_watch.h"
#include "pass.h"
#include "process/process.h"
#include "reply.h"
#include "state_note.h"

/* Answers a command that cannot be done because of an earlier setting.  Returns whether so. */
static bool answer_fault(struct conn *conn)
{
    static const struct refusal no_owner = {ERROR_CODE_MALFORMED,
                                            "no owner was named; send \"user NAME\" first"};
    const struct refusal *fault = conn->fault;

    conn->fault = NULL;
    if (fault == NULL && conn->user == NULL)
        fault = &no_owner;
    if (fault != NULL)
        reply_status(conn, NULL, fault);
    return fault != NULL;
}

/* Fills in what a classic client cannot tell: on this host its process can be looked at. */
static void identify_classic_owner(const struct conn *conn, struct lock_ask *ask)
{
    if (!ask->autounlock || ask->boot != NULL || ask->host == NULL || ask->pid == 0 ||
        !context_is_own_host(conn->server, ask->host))
        return;
    ask->start = process_start_time((pid_t)ask->pid);
    if (ask->start == 0)
        return;
    ask->boot = process_boot_id();
    ask->pid_namespace = process_pid_namespace();
}

/* Why there is no request; NULL when there is, or it would only have to wait. */
static const struct refusal *outcome_refusal(enum lock_outcome outcome)
{
    static const struct refusal bad_count = {
        ERROR_CODE_MALFORMED,
        "nobody could ever have so many of these locks; name more or ask for fewer"};
    static const struct refusal overlap = {ERROR_CODE_MALFORMED,
                                           "a lock is named in two groups; name it in one"};
    static const struct refusal has_part = {
        ERROR_CODE_OWN, "this owner holds a part of these locks already; give it back first"};
    static const struct refusal waits = {
        ERROR_CODE_OWN, "this owner waits for one of these locks already, with another request"};

    switch (outcome) {
    case LOCK_OUTCOME_BAD_COUNT:
        return &bad_count;
    case LOCK_OUTCOME_OVERLAP:
        return &overlap;
    case LOCK_OUTCOME_HAS_PART:
        return &has_part;
    case LOCK_OUTCOME_WAITS:
        return &waits;
    case LOCK_OUTCOME_NO_MEMORY:
        return &refusal_no_memory;
    default:
        return NULL;
    }
}

/* An owner that asks for what it has or waits for already needs no room. */
static bool has_room_for_locks(const struct conn *conn)
{
    const struct lock_table *table = conn->server->table;

    return lock_table_name_count(table) < conn->server->limits[IPCLOCKER_LIMIT_LOCKS] ||
           lock_table_find(table, conn->user, conn->demand.names[0]) != NULL;
}

static bool has_room_to_wait(const struct conn *conn)
{
    const struct lock_table *table = conn->server->table;

    return lock_table_waiter_count(table) < conn->server->limits[IPCLOCKER_LIMIT_WAITERS] ||
           lock_table_find(table, conn->user, conn->demand.names[0]) != NULL;
}

static void answer_lock(struct conn *conn, const struct lock_result *result)
{
    struct lock_request *request = result->request;
    bool waits = result->outcome == LOCK_OUTCOME_QUEUED;

    if ((waits || conn->session) && claim_join(conn, request, waits) != 0) {
        lock_table_end(conn->server->table, request, LOCK_REASON_GONE,
                       context_now_ms(conn->server));
        reply_status(conn, NULL, &refusal_no_memory);
        return;
    }
    if (waits) {
        conn->state = CONN_WAITING;
        reply_waiting(conn, request);
    } else if (conn->demand.name_count == 1 && request->held_count == 1) {
        reply_granted(conn, request); /* what a status would say, without another search */
    } else {
        reply_status(conn, NULL, NULL);
    }
    if (!conn->session)
        claim_watch_owner(conn->server, request);
}

static struct lock_ask ask_of(const struct conn *conn)
{
    struct lock_ask ask = {
        .owner = conn->user,
        .groups = conn->demand.groups,
        .group_count = conn->demand.group_count,
        .host = conn->hostname,
        .pid = conn->pid,
        .start = conn->start,
        .boot = conn->boot,
        .pid_namespace = conn->pid_namespace,
        .job = conn->job,
        .wait = conn->block,
        .autounlock = conn->autounlock,
        .hold_ms = conn->hold_ms,
    };

    identify_classic_owner(conn, &ask);
    return ask;
}

/* What an exited job has still is given back before somebody is refused for it. */
static bool release_ended_holders(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    bool released = false;

    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *holder = lock_table_holder(server->table, conn->demand.names[i]);

        if (holder == NULL || !owner_watch_sees_end(holder))
            continue;
        lock_table_end(server->table, holder, LOCK_REASON_DEAD, context_now_ms(server));
        released = true;
    }
    return released;
}

/* Who hung up may ask for something else than it waited for. */
static bool end_former_wait(struct conn *conn, const char *name)
{
    struct ipclocker_server *server = conn->server;
    struct lock_request *former = lock_table_find(server->table, conn->user, name);

    if (!former->away)
        return false;
    lock_table_end(server->table, former, LOCK_REASON_GONE, context_now_ms(server));
    return true;
}

static const char *outcome_word(enum lock_outcome outcome)
{
    if (outcome == LOCK_OUTCOME_GRANTED)
        return "granted";
    return outcome == LOCK_OUTCOME_QUEUED ? "waits" : "refused";
}

/* Asks the table; no queue may grow beyond its limit. */
static struct lock_result ask_table(struct conn *conn, struct lock_ask *ask)
{
    struct ipclocker_server *server = conn->server;
    struct lock_result result;

    ask->wait = ask->wait && has_room_to_wait(conn);
    do {
        result = lock_table_request(server->table, ask, context_now_ms(server));
    } while (result.outcome == LOCK_OUTCOME_WAITS && end_former_wait(conn, result.name));
    if (result.outcome == LOCK_OUTCOME_REFUSED && release_ended_holders(conn))
        result = lock_table_request(server->table, ask, context_now_ms(server));
    context_log(server, LOG_DEBUG, "LOCK by %s of %s: %s", conn->user, conn->demand.names[0],
                outcome_word(result.outcome));
    return result;
}

/* Why the demand cannot even be asked for; NULL when it can. */
static const struct refusal *check_demand(struct conn *conn, const struct lock_ask *ask)
{
    static const struct refusal stranger = {
        ERROR_CODE_DENIED,
        "another process of this owner's name has it or waits; use another name"};
    static const struct refusal too_many_locks = {
        ERROR_CODE_LATER, "the server's limit of locks in use is reached; try again later"};

    if (!incarnation_check(conn, ask))
        return &stranger;
    return has_room_for_locks(conn) ? NULL : &too_many_locks;
}

/* Who is in the way may have ended, which the asker can see where we cannot. */
static void refuse(struct conn *conn, const struct refusal *why)
{
    reply_autounlock_checks(conn);
    reply_status(conn, NULL, why);
}

void command_lock(struct conn *conn, char *args)
{
    static const struct refusal too_many_waiters = {
        ERROR_CODE_LATER, "the server's limit of waiters is reached; try again later"};
    const struct refusal *refusal;
    struct lock_ask ask;
    struct lock_result result;

    (void)args;
    if (answer_fault(conn))
        return;
    if (conn->demand.group_count == 0) {
        reply_status(conn, NULL, NULL);
        return;
    }
    ask = ask_of(conn);
    refusal = check_demand(conn, &ask);
    if (refusal != NULL) {
        refuse(conn, refusal);
        return;
    }
    result = ask_table(conn, &ask);
    if (result.outcome == LOCK_OUTCOME_REFUSED)
        state_note_refused(conn);
    if (result.request != NULL)
        answer_lock(conn, &result);
    else if (result.outcome == LOCK_OUTCOME_REFUSED)
        refuse(conn, conn->block ? &too_many_waiters : NULL);
    else
        reply_status(conn, NULL, outcome_refusal(result.outcome));
}

/* The asker may believe only of its own boot and namespace to know which process a pid means, and
 * of none that is here: we know better then. */
static bool is_believed(const struct conn *conn, const struct lock_request *holder, uint64_t pid,
                        uint64_t start)
{
    const struct lock_claimant *process = holder->process;

    if (!holder->autounlock || process->pid != pid || process->start != start ||
        !incarnation_is_neighbour(conn, process))
        return false;
    return !owner_watch_can_look(holder) || owner_watch_sees_end(holder);
}

void command_dead_process(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *pid_word = words_next(&args), *start_word = words_next(&args);
    uint64_t pid, start;

    if (pid_word == NULL || start_word == NULL || number_parse(pid_word, INT_MAX, &pid) != 0 ||
        number_parse(start_word, UINT64_MAX, &start) != 0 || pid == 0 || start == 0)
        return;
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *holder = lock_table_holder(server->table, conn->demand.names[i]);

        if (holder == NULL || !is_believed(conn, holder, pid, start))
            continue;
        context_log(server, LOG_NOTICE, "process %llu of %s was reported dead by one beside it",
                    (unsigned long long)pid, holder->owner);
        lock_table_end(server->table, holder, LOCK_REASON_DEAD, context_now_ms(server));
    }
}

/* Takes the named locks for an owner that had them from a server without memory of it. */
static bool take_again(struct conn *conn)
{
    struct lock_ask ask = ask_of(conn);
    struct lock_result result;

    ask.wait = false;
    result = lock_table_request(conn->server->table, &ask, context_now_ms(conn->server));
    if (result.request == NULL)
        return false;
    answer_lock(conn, &result);
    return true;
}

/* Whether the connection's owner has all the locks of its demand by the grant with this token. */
static bool holds_all(const struct conn *conn, uint64_t token)
{
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const struct lock_request *holder =
            lock_table_holder(conn->server->table, conn->demand.names[i]);

        if (holder == NULL || holder->token != token || strcmp(holder->owner, conn->user) != 0)
            return false;
    }
    return conn->demand.name_count > 0;
}

void command_renew(struct conn *conn, char *args)
{
    static const struct refusal no_token = {ERROR_CODE_MALFORMED,
                                            "\"RENEW\" needs the token of the grant"};
    static const struct refusal lost = {ERROR_CODE_UNKNOWN, "these locks are not held any more"};
    const char *word = words_next(&args);
    uint64_t token;
    struct lock_ask ask = ask_of(conn);

    if (word == NULL || number_parse(word, UINT64_MAX, &token) != 0)
        conn->fault = &no_token;
    if (answer_fault(conn))
        return;
    if (incarnation_check(conn, &ask) && holds_all(conn, token)) {
        if (conn->session && claim_join_all(conn) != 0)
            reply_status(conn, NULL, &refusal_no_memory);
        else
            reply_status(conn, NULL, NULL);
        return;
    }
    if (token < conn->server->first_token && conn->demand.group_count > 0 && take_again(conn))
        return;
    reply_status(conn, NULL, &lost);
}

/* A monitor may speak for a process whose name another one goes by meanwhile. */
static bool is_of_another(const struct conn *conn)
{
    /* A client that did not say goes by its name alone, and is spared the search. */
    if (!conn->autounlock || conn->start == 0 || conn->boot == NULL)
        return false;
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const struct lock_request *request =
            lock_table_find(conn->server->table, conn->user, conn->demand.names[i]);

        if (request != NULL && incarnation_is_of_another(conn, request))
            return true;
    }
    return false;
}

void command_unlock(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *released = NULL;
    size_t first;

    (void)args;
    if (answer_fault(conn))
        return;
    if (!is_of_another(conn) &&
        lock_table_unlock(server->table, conn->user, conn->demand.names, conn->demand.name_count,
                          context_now_ms(server), &first) > 0)
        released = conn->demand.names[first];
    pass_run_resumed(server);
    reply_status(conn, released, NULL);
}
