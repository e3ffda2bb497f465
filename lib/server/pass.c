/* A pass of the loop, and its end.
 * Must not know what has changed in it, nor what was said: others deal with that. */
#include "pass.h"

void pass_queue_end(struct ipclocker_server *server)
{
    /* An event that is made active while others are handled is handled behind all of them. */
    if (!server->pass_end_queued && !server->pass_may_be_short)
        event_active(&server->pass_end, EV_TIMEOUT, 0);
    server->pass_end_queued = true;
}

/* With others about to speak, one end of the pass for all is cheaper than one for each: they are
 * read from one after the other, and written to so. */
void pass_begin_short(struct ipclocker_server *server)
{
    server->pass_may_be_short =
        !server->pass_end_queued &&
        event_base_get_num_events(server->base, EVENT_BASE_COUNT_ACTIVE) == 0;
}

/* Turns are counted by passes of the loop: who has to wait for one, waits for such a pass. */
static bool is_short(const struct ipclocker_server *server)
{
    const struct conn *conn = TAILQ_FIRST(&server->dirty);

    return (conn == NULL || TAILQ_NEXT(conn, in_dirty) == NULL) && TAILQ_EMPTY(&server->resumed) &&
           TAILQ_EMPTY(&server->listings) && TAILQ_EMPTY(&server->cut) &&
           TAILQ_EMPTY(&server->behind) && server->state.batch == NULL && !server->state.lost;
}

void pass_end_short(struct ipclocker_server *server)
{
    struct conn *conn = TAILQ_FIRST(&server->dirty);
    bool is_due = server->pass_may_be_short && server->pass_end_queued;

    if (server->pass_may_be_short)
        server->pass_may_be_short = server->pass_end_queued = false;
    if (is_due && !is_short(server)) {
        pass_queue_end(server);
    } else if (is_due) {
        if (conn != NULL)
            server->parts->finish_pass(conn);
        server->parts->end_pass(server);
    }
}

void pass_mark_dirty(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    if (!conn->dirty)
        TAILQ_INSERT_TAIL(&server->dirty, conn, in_dirty);
    conn->dirty = true;
    pass_queue_end(server);
}

void pass_resume(struct conn *conn)
{
    if (!conn->resumed)
        TAILQ_INSERT_TAIL(&conn->server->resumed, conn, in_resumed);
    conn->resumed = true;
    pass_mark_dirty(conn);
}

void pass_run_resumed(struct ipclocker_server *server)
{
    struct conn *conn;

    /* A release among these lines adds to the list instead of starting anew, so that a chain of
     * waiters costs no stack. */
    if (server->running_resumed)
        return;
    server->running_resumed = true;
    while ((conn = TAILQ_FIRST(&server->resumed)) != NULL) {
        TAILQ_REMOVE(&server->resumed, conn, in_resumed);
        conn->resumed = false;
        if (!conn->handling)
            server->parts->handle_kept_lines(conn);
    }
    server->running_resumed = false;
}

static void on_pass_end(evutil_socket_t fd, short events, void *context)
{
    struct ipclocker_server *server = context;
    struct conn *conn;

    (void)fd;
    (void)events;
    server->parts->give_turns(server);
    pass_run_resumed(server);
    if (!TAILQ_EMPTY(&server->listings))
        server->parts->write_lists(server);
    /* Lines that had to wait are handled now: what they ask for is for a pass of its own. */
    server->pass_end_queued = false;
    while ((conn = TAILQ_FIRST(&server->dirty)) != NULL)
        server->parts->finish_pass(conn);
    server->parts->end_pass(server);
}

void pass_start(struct ipclocker_server *server)
{
    event_assign(&server->pass_end, server->base, -1, 0, on_pass_end, server);
}

void pass_stop(struct ipclocker_server *server)
{
    event_del(&server->pass_end);
    server->pass_end_queued = false;
}
