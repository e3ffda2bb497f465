/* LOCK, RENEW, UNLOCK and DEAD_PROCESS: what an owner asks for, goes on with and gives back.
 * Must not decide who gets what: the lock table does. */
#include "command_lock.h"

#include <limits.h>
#include <string.h>
#include <syslog.h>

#include "ask.h"
#include "base/number.h"
#include "base/words.h"
#include "claim.h"
#include "command_grant.h"
#include "context.h"
#include "holders.h"
#include "incarnation.h"
#include "keep_refusal.h"
#include "lock/pools.h"
#include "may.h"
#include "owner_watch.h"
#include "pass.h"
#include "payer.h"
#include "pools.h"
#include "reply.h"
#include "reply_why.h"
#include "rule_asker.h"
#include "rule_refusal.h"
#include "state_note.h"

/* What the user has or waits for of a name of the demand: of a pool that may be several requests.
 */
static struct lock_request *first_own(const struct conn *conn, size_t name)
{
    return lock_table_find(conn->server->table, conn->user, conn->demand.names[name]);
}

static struct lock_request *next_own(const struct conn *conn, size_t name,
                                     const struct lock_request *last)
{
    if (!pools_are_there(conn->server))
        return NULL;
    return lock_table_next_own(conn->server->table, conn->user, conn->demand.names[name], last);
}

/* Ties the connection to what it waits for, or its session to what it has. */
static int join(struct conn *conn, const struct lock_result *result)
{
    bool waits = result->outcome == LOCK_OUTCOME_QUEUED;

    if (!waits && !conn->session)
        return 0;
    return result->is_again ? claim_join_all(conn) : claim_join(conn, result->request, waits);
}

static void answer_lock(struct conn *conn, const struct lock_result *result)
{
    struct lock_request *request = result->request;
    bool waits = result->outcome == LOCK_OUTCOME_QUEUED;

    payer_take(conn, request);
    if (join(conn, result) != 0) {
        lock_table_end(conn->server->table, request, LOCK_REASON_GONE,
                       context_now_ms(conn->server));
        reply_status(conn, NULL, &refusal_no_memory);
        return;
    }
    if (waits) {
        conn->state = CONN_WAITING;
        reply_waiting(conn, request);
    } else if (conn->demand.name_count == 1 && request->held_count == 1 &&
               lock_demand_needed(&conn->demand) == 1) {
        reply_granted(conn, request); /* what a status would say, without another search */
    } else {
        reply_status(conn, NULL, NULL);
    }
    if (!conn->session && result->is_again)
        claim_watch_all(conn);
    else if (!conn->session)
        claim_watch_owner(conn->server, request);
}

/* What an exited job has still is given back before somebody is refused for it. */
static bool release_ended_holders(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    struct holders holders = {0};
    struct lock_request *holder;
    bool released = false;
    const char *name;

    while ((holder = holders_next(conn, &holders, &name)) != NULL) {
        if (!owner_watch_sees_end(holder))
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

    ask->wait = ask->wait && payer_limit_of_wait(conn) == IPCLOCKER_LIMITS;
    do {
        result = lock_table_request(server->table, ask, context_now_ms(server));
    } while (result.outcome == LOCK_OUTCOME_WAITS && end_former_wait(conn, result.name));
    if (result.outcome == LOCK_OUTCOME_REFUSED && release_ended_holders(conn))
        result = lock_table_request(server->table, ask, context_now_ms(server));
    if (server->debug)
        context_log(server, LOG_DEBUG, "LOCK by %s of %s: %s", conn->user, conn->demand.names[0],
                    outcome_word(result.outcome));
    return result;
}

/* Why what the asker's name has of the demand is in its way; NULL when it is not, or any more. */
static const struct refusal *check_name(struct conn *conn, const struct lock_ask *ask, bool may_end)
{
    static const struct refusal stranger = {
        ERROR_CODE_DENIED,
        "another process of this owner's name has it or waits; use another name"};
    static const struct refusal other_user = {
        ERROR_CODE_NOT_OWNER,
        "another user has it or waits by this owner's name; use another name"};

    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *request, *next = first_own(conn, i);

        if (next == NULL && !may_ask_anew(conn))
            return &may_needs_proof;
        while ((request = next) != NULL) {
            next = next_own(conn, i, request);
            if (!may_own(conn, request) && !(may_end ? incarnation_end_former(conn, ask, request)
                                                     : incarnation_is_former(ask, request)))
                return request->asker.proof != LOCK_CLAIMED ? &other_user : &stranger;
        }
    }
    return NULL;
}

/* Why the demand cannot even be asked for; NULL when it can. */
static const struct refusal *check_demand(struct conn *conn, const struct lock_ask *ask,
                                          bool may_end)
{
    const struct refusal *in_the_way = keep_refusal(conn, ask);
    enum ipclocker_limit limit;

    if (in_the_way == NULL)
        in_the_way = check_name(conn, ask, may_end);
    if (in_the_way == NULL)
        in_the_way = claim_check_room(conn);
    if (in_the_way != NULL)
        return in_the_way;
    limit = payer_limit_of_locks(conn);
    return limit != IPCLOCKER_LIMITS ? payer_refuse(conn, limit) : NULL;
}

struct foreseen {
    const struct lock_table *table;
    size_t place; /* 0: it would not wait */
};

static void note_place(void *context, const struct lock_request *request, enum lock_outcome outcome)
{
    struct foreseen *foreseen = context;

    if (outcome == LOCK_OUTCOME_QUEUED)
        foreseen->place = lock_table_position(foreseen->table, request);
}

/* NULL where it waits already, would not have to, or as few are before it as it takes. */
static const struct refusal *check_queue(struct conn *conn, const struct lock_ask *ask)
{
    static const struct refusal too_many = {ERROR_CODE_QUEUE,
                                            "as many wait for it already as you would wait behind"};
    struct foreseen foreseen = {.table = conn->server->table};

    if (conn->says->queue_places == 0 || !conn->block)
        return NULL;
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        if (first_own(conn, i) != NULL)
            return NULL;
    }
    lock_table_foresee(conn->server->table, ask, context_now_ms(conn->server), note_place,
                       &foreseen);
    return foreseen.place >= conn->says->queue_places ? &too_many : NULL;
}

/* Who is in the way may have ended, which the asker can see where we cannot. */
static void refuse(struct conn *conn, const struct refusal *why)
{
    reply_autounlock_checks(conn);
    reply_status(conn, NULL, why);
}

/* NULL: it did not want to wait. */
static const struct refusal *why_not_queued(struct conn *conn)
{
    return conn->block ? payer_refuse(conn, payer_limit_of_wait(conn)) : NULL;
}

static void tell_why(void *context, const struct lock_request *request, enum lock_outcome outcome)
{
    if (outcome == LOCK_OUTCOME_QUEUED)
        reply_why(context, request);
}

/* Who would not wait, and asks why, is told what it would have waited for. */
static void refuse_to_wait(struct conn *conn, const struct lock_ask *ask)
{
    if (conn->why)
        lock_table_foresee(conn->server->table, ask, context_now_ms(conn->server), tell_why, conn);
    refuse(conn, why_not_queued(conn));
}

void command_lock(struct conn *conn, char *args)
{
    const struct refusal *refusal;
    struct lock_ask ask;
    struct lock_result result;

    (void)args;
    if (command_grant_fault(conn))
        return;
    if (conn->demand.group_count == 0) {
        reply_status(conn, NULL, NULL);
        return;
    }
    ask_init(&ask, conn);
    rule_asker_fill(conn, &ask);
    refusal = check_demand(conn, &ask, true);
    if (refusal != NULL) {
        refuse(conn, refusal);
        return;
    }
    refusal = check_queue(conn, &ask);
    if (refusal != NULL) {
        state_note_refused(conn);
        refuse(conn, refusal);
        return;
    }
    result = ask_table(conn, &ask);
    if (result.outcome == LOCK_OUTCOME_REFUSED)
        state_note_refused(conn);
    if (result.request != NULL)
        answer_lock(conn, &result);
    else if (result.outcome == LOCK_OUTCOME_REFUSED)
        refuse_to_wait(conn, &ask);
    else
        reply_status(conn, NULL, rule_refusal(conn->server, &result));
}

/* What would come of a LOCK that waits. */
static void tell_foreseen(void *context, const struct lock_request *request,
                          enum lock_outcome outcome)
{
    struct conn *conn = context;
    enum ipclocker_limit limit = payer_limit_of_wait(conn);

    if (outcome == LOCK_OUTCOME_GRANTED)
        reply_would_grant(conn, request);
    else if (limit != IPCLOCKER_LIMITS)
        reply_status(conn, NULL, payer_refuse(conn, limit));
    else
        reply_would_wait(conn, request);
}

void command_explain(struct conn *conn, char *args)
{
    static const struct refusal no_locks = {
        ERROR_CODE_MALFORMED, "\"EXPLAIN\" needs locks; send \"locks NAME...\" first"};
    const struct refusal *refusal;
    struct lock_result result;
    struct lock_ask ask;

    (void)args;
    if (conn->fault == NULL && conn->demand.group_count == 0)
        conn->fault = &no_locks;
    if (command_grant_fault(conn))
        return;
    ask_init(&ask, conn);
    rule_asker_fill(conn, &ask);
    refusal = check_demand(conn, &ask, false);
    if (refusal == NULL) {
        result = lock_table_foresee(conn->server->table, &ask, context_now_ms(conn->server),
                                    tell_foreseen, conn);
        refusal = rule_refusal(conn->server, &result);
    }
    if (refusal != NULL)
        reply_status(conn, NULL, refusal);
}

/* The asker may believe only of its own boot and namespace to know which process a pid means, and
 * of none that is here: we know better then. */
static bool is_believed(const struct conn *conn, const struct lock_request *holder, uint64_t pid,
                        uint64_t start)
{
    const struct lock_claimant *process = holder->process;
    const struct may_reporter reporter = may_reporter_of(conn);

    if (!holder->autounlock || process->pid != pid || process->start != start ||
        !incarnation_is_neighbour(conn, process))
        return false;
    if (owner_watch_can_look(holder))
        return owner_watch_sees_end(holder);
    return may_report_death(conn->server, &reporter, holder);
}

void command_dead_process(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    const char *pid_word = words_next(&args), *start_word = words_next(&args);
    struct store_culprit culprit;
    struct holders holders = {0};
    struct lock_request *holder;
    char who[MAY_WHO_SIZE];
    uint64_t pid, start;
    const char *name;

    if (pid_word == NULL || start_word == NULL || number_parse(pid_word, INT_MAX, &pid) != 0 ||
        number_parse(start_word, UINT64_MAX, &start) != 0 || pid == 0 || start == 0)
        return;
    while ((holder = holders_next(conn, &holders, &name)) != NULL) {
        if (!is_believed(conn, holder, pid, start))
            continue;
        context_log(server, LOG_NOTICE, "process %llu of %s was reported dead by one beside it, %s",
                    (unsigned long long)pid, holder->owner, may_describe(conn, who));
        may_begin_blame(conn, &culprit);
        lock_table_end(server->table, holder, LOCK_REASON_DEAD, context_now_ms(server));
        may_end_blame(server);
    }
}

/* Takes the named locks for an owner that had them from a server without memory of it, as a LOCK
 * that does not wait would. */
static bool take_again(struct conn *conn)
{
    struct lock_result result;
    struct lock_ask ask;

    ask_init(&ask, conn);
    rule_asker_fill(conn, &ask);
    if (check_demand(conn, &ask, true) != NULL)
        return false;
    result = lock_table_take_again(conn->server->table, &ask, context_now_ms(conn->server));
    if (result.request == NULL)
        return false;
    answer_lock(conn, &result);
    return true;
}

void command_renew(struct conn *conn, char *args)
{
    static const struct refusal no_token = {ERROR_CODE_MALFORMED,
                                            "\"RENEW\" needs the token of the grant"};
    const char *word = words_next(&args);
    const struct refusal *wrong;
    uint64_t token = 0;

    if (word == NULL || number_parse(word, UINT64_MAX, &token) != 0)
        conn->fault = &no_token;
    if (command_grant_fault(conn))
        return;
    wrong = command_grant_check(conn, token);
    if (wrong == NULL) {
        wrong = claim_check_room(conn);
        if (wrong == NULL && conn->session && claim_join_all(conn) != 0)
            wrong = &refusal_no_memory;
        reply_status(conn, NULL, wrong);
        return;
    }
    if (token < conn->server->first_token && conn->demand.group_count > 0 && take_again(conn))
        return;
    reply_status(conn, NULL, wrong);
}

/* A monitor may speak for a process whose name another one goes by meanwhile.  *only is all that
 * the owner has to do with the last name of the demand; NULL where that is nothing, or more. */
static bool is_of_another(const struct conn *conn, struct lock_request **only)
{
    *only = NULL;
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *own, *next = first_own(conn, i);

        *only = next;
        while ((own = next) != NULL) {
            if (!may_own(conn, own))
                return true;
            next = next_own(conn, i, own);
            if (next != NULL)
                *only = NULL;
        }
    }
    return false;
}

/* Returns the first name that was given back, or NULL. */
static const char *unlock(const struct conn *conn, struct lock_request *only)
{
    struct lock_table *table = conn->server->table;
    const struct lock_demand *demand = &conn->demand;
    int64_t now_ms = context_now_ms(conn->server);
    size_t first = 0;

    /* There is no need to look for it again. */
    if (demand->name_count == 1 && only != NULL && lock_table_unlock_only(table, only, now_ms))
        return demand->names[0];
    if (lock_table_unlock(table, conn->user, demand->names, demand->name_count, now_ms, &first) ==
        0)
        return NULL;
    return demand->names[first];
}

void command_unlock(struct conn *conn, char *args)
{
    const char *released = NULL;
    struct lock_request *only;
    bool is_wrong;

    (void)args;
    if (command_grant_fault(conn))
        return;
    is_wrong = is_of_another(conn, &only);
    if (!is_wrong)
        released = unlock(conn, only);
    pass_run_resumed(conn->server);
    reply_status(conn, released, is_wrong ? &may_not_owner : NULL);
}
