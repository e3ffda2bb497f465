/* A pass of the loop, and its end.
 * Must not know what has changed in it, nor what was said: others deal with that. */
#include "pass.h"

void pass_queue_end(struct ipclocker_server *server)
{
    /* An event that is made active while others are handled is handled behind all of them. */
    if (!server->pass_end_queued)
        event_active(&server->pass_end, EV_TIMEOUT, 0);
    server->pass_end_queued = true;
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
    pass_run_resumed(server);
    while ((conn = TAILQ_FIRST(&server->dirty)) != NULL)
        server->parts->finish_pass(conn);
    server->pass_end_queued = false;
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
