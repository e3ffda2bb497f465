/* BREAK_LOCK: takes locks from those that have them.
 * Must not decide who may: may.c does. */
#include "command_break.h"

#include <stdlib.h>
#include <syslog.h>

#include "context.h"
#include "lock/pools.h"
#include "may.h"
#include "pass.h"
#include "reply.h"
#include "turn.h"
#include "unfinished.h"

/* Whose turn it is among all who had one of the named locks when it was said. */
struct breaking {
    struct unfinished unfinished;
    uint64_t last_token; /* of what was granted then */
    size_t name;         /* of the demand */
    uint64_t ticket;     /* of the holder of that which was last looked at; 0: none yet */
    const char *first;   /* that was taken from somebody; or NULL */
    const struct refusal *wrong;
};

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

/* Goes on to the next holder, or the next name.  Returns NULL where there is none. */
static struct lock_request *find_next(const struct conn *conn, struct breaking *breaking)
{
    const struct lock_table *table = conn->server->table;

    for (; breaking->name < conn->demand.name_count; breaking->name++, breaking->ticket = 0) {
        const char *name = conn->demand.names[breaking->name];
        struct lock_request *holder = breaking->ticket == 0
                                          ? lock_table_holder(table, name)
                                          : lock_table_holder_behind(table, name, breaking->ticket);

        if (holder != NULL)
            return holder;
    }
    return NULL;
}

static void break_next(struct conn *conn, struct breaking *breaking, struct lock_request *holder)
{
    static const struct refusal names_pool = {ERROR_CODE_MALFORMED,
                                              "a pool is not taken away as a whole; name the seat"};
    const char *name = conn->demand.names[breaking->name];

    breaking->ticket = holder->ticket;
    conn->turn_cost_us += TURN_CHANGE_COST_US;
    if (holder->token > breaking->last_token)
        return; /* who has it after those that had it */
    if (lock_table_is_pool(conn->server->table, name)) {
        breaking->wrong = &names_pool;
        breaking->ticket = 0;
        breaking->name++;
    } else if (!break_one(conn, holder, name)) {
        breaking->wrong = &may_not_owner;
    } else if (breaking->first == NULL) {
        breaking->first = name;
    }
}

/* Returns whether nobody is left. */
static bool break_some(struct conn *conn, struct breaking *breaking)
{
    struct lock_request *holder;
    struct store_culprit culprit;

    may_begin_blame(conn, &culprit);
    while ((holder = find_next(conn, breaking)) != NULL && !turn_is_over(conn))
        break_next(conn, breaking, holder);
    may_end_blame(conn->server);
    return holder == NULL;
}

static const struct refusal *begin(struct conn *conn)
{
    struct breaking *breaking;

    if (conn->fault != NULL)
        return conn->fault;
    breaking = malloc(sizeof *breaking);
    if (breaking == NULL)
        return &refusal_no_memory;
    *breaking = (struct breaking){.last_token = lock_table_last_token(conn->server->table)};
    conn->unfinished = &breaking->unfinished;
    return NULL;
}

void command_break_lock(struct conn *conn, char *args)
{
    const struct refusal *fault = conn->unfinished == NULL ? begin(conn) : NULL;
    struct breaking *breaking = (struct breaking *)conn->unfinished;

    (void)args;
    if (fault != NULL) {
        conn->fault = NULL;
        reply_status(conn, NULL, fault);
        return;
    }
    if (!break_some(conn, breaking))
        return;
    pass_run_resumed(conn->server);
    reply_status(conn, breaking->first, breaking->wrong);
    unfinished_end(conn);
}
