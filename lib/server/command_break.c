/* BREAK_LOCK: takes locks from those that have them.
 * Must not decide who may: may.c does. */
#include "command_break.h"

#include <syslog.h>

#include "context.h"
#include "lock/pools.h"
#include "may.h"
#include "pass.h"
#include "reply.h"
#include "turn.h"

static void reply_fault(struct conn *conn)
{
    const struct refusal *fault = conn->fault;

    conn->fault = NULL;
    reply_status(conn, NULL, fault);
}

/* Takes a lock from one of those that have it, if that may be. */
static bool break_one(struct conn *conn, struct lock_request *holder, const char *name)
{
    struct ipclocker_server *server = conn->server;
    char who[MAY_WHO_SIZE];

    if (!may_break(conn, holder))
        return false;
    context_log(server, LOG_NOTICE, "%s was broken for %s; it was held by %s", name,
                may_describe(conn, who), holder->owner);
    reply_word(conn, "print_broke", holder->owner);
    lock_table_break_of(server->table, holder, name, context_now_ms(server));
    return true;
}

void command_break_lock(struct conn *conn, char *args)
{
    static const struct refusal names_pool = {ERROR_CODE_MALFORMED,
                                              "a pool is not taken away as a whole; name the seat"};
    struct ipclocker_server *server = conn->server;
    const struct refusal *wrong = NULL;
    struct store_culprit culprit;
    const char *first = NULL;

    (void)args;
    if (conn->fault != NULL) {
        reply_fault(conn);
        return;
    }
    may_begin_blame(conn, &culprit);
    for (size_t i = 0; i < conn->demand.name_count; i++) {
        const char *name = conn->demand.names[i];
        struct lock_request *holder = lock_table_holder(server->table, name), *next;

        if (holder != NULL && lock_table_is_pool(server->table, name)) {
            wrong = &names_pool;
            continue;
        }
        for (; holder != NULL; holder = next) {
            next = lock_table_next_holder(server->table, name, holder);
            conn->turn_cost_us += TURN_CHANGE_COST_US;
            if (break_one(conn, holder, name))
                first = first != NULL ? first : name;
            else
                wrong = &may_not_owner;
        }
    }
    may_end_blame(server);
    pass_run_resumed(server);
    reply_status(conn, first, wrong);
}
