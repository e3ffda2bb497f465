/* Commands about a grant that the client has already: which process it is for, and how long.
 * Must not give anything out, nor take it back. */
#include "command_grant.h"

#include <limits.h>

#include "base/number.h"
#include "base/words.h"
#include "claim.h"
#include "context.h"
#include "may.h"
#include "particulars.h"
#include "reply.h"
#include "rule_refusal.h"

bool command_grant_tell_fault(struct conn *conn)
{
    static const struct refusal no_owner = {ERROR_CODE_MALFORMED,
                                            "no owner was named; send \"user NAME\" first"};
    const struct refusal *fault = conn->fault;

    conn->fault = NULL;
    reply_status(conn, NULL, fault != NULL ? fault : &no_owner);
    return true;
}

const struct refusal *command_grant_check(const struct conn *conn, uint64_t token)
{
    static const struct refusal lost = {ERROR_CODE_UNKNOWN, "these locks are not held any more"};
    uint64_t newest = 0;

    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const struct lock_request *holder =
            lock_table_find(conn->server->table, conn->user, conn->demand.names[i]);

        if (holder == NULL || holder->state != LOCK_HELD)
            return &lost;
        /* Before its token is looked at: nobody else can find it out by trying. */
        if (!may_own(conn, holder))
            return &may_not_owner;
        if (holder->token > token)
            return &lost;
        newest = holder->token > newest ? holder->token : newest;
    }
    return conn->demand.name_count > 0 && newest == token ? NULL : &lost;
}

/* All that has a lock of the demand. */
static void follow_all(struct conn *conn, uint64_t pid, uint64_t start)
{
    struct ipclocker_server *server = conn->server;

    for (size_t i = 0; i < conn->demand.name_count; i++) {
        struct lock_request *request =
            lock_table_find(server->table, conn->user, conn->demand.names[i]);

        if (request->process->pid == pid && request->process->start == start)
            continue;
        lock_table_follow(server->table, request, pid, start, context_now_ms(server));
        if (!conn->session)
            claim_watch_owner(server, request);
    }
    particulars_set_process(conn, pid, start);
}

/* An answer that was lost is asked for again by one who still says the process of before. */
static const struct refusal *check_former(struct conn *conn, uint64_t token, uint64_t pid,
                                          uint64_t start)
{
    const struct refusal *wrong = command_grant_check(conn, token);
    uint64_t former_pid = conn->says->pid, former_start = conn->says->start;

    if (wrong == NULL)
        return NULL;
    particulars_set_process(conn, pid, start);
    if (command_grant_check(conn, token) == NULL)
        return NULL;
    particulars_set_process(conn, former_pid, former_start);
    return wrong;
}

void command_follow(struct conn *conn, char *args)
{
    static const struct refusal no_process = {
        ERROR_CODE_MALFORMED, "\"FOLLOW\" needs the token of the grant, a pid and its start time"};
    const char *token_word = words_next(&args), *pid_word = words_next(&args);
    const char *start_word = words_next(&args);
    const struct refusal *wrong;
    uint64_t token = 0, pid = 0, start = 0;

    if (start_word == NULL || number_parse(token_word, UINT64_MAX, &token) != 0 ||
        number_parse(pid_word, INT_MAX, &pid) != 0 || pid == 0 ||
        number_parse(start_word, UINT64_MAX, &start) != 0)
        conn->fault = &no_process;
    if (command_grant_fault(conn))
        return;
    wrong = check_former(conn, token, pid, start);
    if (wrong == NULL)
        follow_all(conn, pid, start);
    reply_status(conn, NULL, wrong);
}

/* All locks of a grant have one limit: it is put off once. */
static const struct refusal *extend(struct conn *conn, uint64_t token, int64_t add_ms)
{
    struct ipclocker_server *server = conn->server;
    struct lock_request *request = NULL;
    int64_t most_ms = (int64_t)server->limits[IPCLOCKER_LIMIT_HOLD_S] * 1000;

    for (size_t i = 0; request == NULL || request->token != token; i++)
        request = lock_table_find(server->table, conn->user, conn->demand.names[i]);
    if (lock_table_extend(server->table, request, add_ms, &most_ms, context_now_ms(server)) ==
        LOCK_EXTENSION_TOO_LONG)
        return rule_refusal_of_extension(server, most_ms,
                                         request->granted_ms + most_ms - request->deadline_ms);
    claim_tell_extended(request, conn);
    return NULL;
}

void command_extend(struct conn *conn, char *args)
{
    static const struct refusal no_time = {
        ERROR_CODE_MALFORMED, "\"EXTEND\" needs the token of the grant and a number of seconds"};
    const char *token_word = words_next(&args), *seconds_word = words_next(&args);
    const struct refusal *wrong;
    uint64_t token = 0;
    int64_t add_ms = 0;

    if (seconds_word == NULL || number_parse(token_word, UINT64_MAX, &token) != 0 ||
        number_parse_seconds(seconds_word, INT64_C(1) << 52, &add_ms) != 0 || add_ms <= 0)
        conn->fault = &no_time;
    if (command_grant_fault(conn))
        return;
    wrong = command_grant_check(conn, token);
    if (wrong == NULL)
        wrong = extend(conn, token, add_ms);
    reply_status(conn, NULL, wrong);
}
