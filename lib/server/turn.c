/* Whose turn it is.
 * Must not know what a line costs, nor what is done in a turn. */
#include "turn.h"

#include "pass.h"

enum {
    BATCH_BYTES_BEHIND = 1024 * 1024, /* of those whose account is spent */
};

static struct conn_list *list_of(const struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    if (conn->turn == TURN_STALLED)
        return &server->stalled;
    return conn->turn == TURN_CUT ? &server->cut : &server->behind;
}

void turn_forget(struct conn *conn)
{
    if (conn->turn != TURN_NONE)
        TAILQ_REMOVE(list_of(conn), conn, in_turn);
    conn->turn = TURN_NONE;
}

void turn_wait(struct conn *conn)
{
    if (conn->turn != TURN_NONE)
        return;
    if (turn_is_stalled(conn))
        conn->turn = TURN_STALLED;
    else
        conn->turn = account_is_spent(conn->account) ? TURN_BEHIND : TURN_CUT;
    TAILQ_INSERT_TAIL(list_of(conn), conn, in_turn);
    pass_queue_end(conn->server);
}

void turn_charge(struct conn *conn, uint32_t before_us)
{
    struct account *account = conn->account;
    uint32_t cost_us = conn->turn_cost_us - before_us;

    if (account->pass != conn->server->pass)
        account->pass_cost_us = 0;
    account->pass = conn->server->pass;
    account->pass_cost_us += cost_us;
    account_charge(account, cost_us);
}

/* Each of the list has a turn once, as far as that goes. */
static void give(struct conn_list *list, size_t backlog_most)
{
    struct conn *conn = TAILQ_FIRST(list), *last = TAILQ_LAST(list, conn_list);
    struct ipclocker_server *server = conn != NULL ? conn->server : NULL;
    int64_t left_us = TURN_PASS_COST_US;
    bool was_last = false;

    while (conn != NULL && !was_last && left_us > 0 && !turn_has_backlog(server, backlog_most)) {
        struct account *account = conn->account;
        int64_t before_us = account->cost_us;

        was_last = conn == last;
        turn_forget(conn);
        account->holders++; /* it must stay where the connection goes */
        server->parts->take_turn(conn);
        account->holders--;
        left_us -= before_us - account->cost_us;
        conn = TAILQ_FIRST(list);
    }
}

/* Those whose disk answers again wait with the others. */
static void take_up_stalled(struct ipclocker_server *server)
{
    struct conn *conn;

    while ((conn = TAILQ_FIRST(&server->stalled)) != NULL && !turn_is_stalled(conn)) {
        turn_forget(conn);
        turn_wait(conn);
    }
}

void turn_give_some(struct ipclocker_server *server)
{
    server->pass++;
    take_up_stalled(server);
    give(&server->cut, TURN_BATCH_BYTES_MOST);
    give(&server->behind, BATCH_BYTES_BEHIND);
}

void turn_end_pass(struct ipclocker_server *server)
{
    static const struct timeval at_once = {0};

    /* Who waits for the disk hears from it. */
    if ((!TAILQ_EMPTY(&server->cut) && !turn_is_held_up(server)) ||
        (!TAILQ_EMPTY(&server->behind) && !turn_has_backlog(server, BATCH_BYTES_BEHIND)))
        evtimer_add(&server->more_turns, &at_once);
}

static void on_more(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    pass_queue_end(context);
}

void turn_start(struct ipclocker_server *server)
{
    evtimer_assign(&server->more_turns, server->base, on_more, server);
}

void turn_stop(struct ipclocker_server *server)
{
    evtimer_del(&server->more_turns);
}
