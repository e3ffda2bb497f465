/* What a connection has to say: held until it is safe, sent, and counted while it goes unread.
 * Must not read from a client, nor close its connection. */
#include "conn_output.h"

#include <errno.h>
#include <sys/socket.h>

#include "context.h"
#include "pass.h"
#include "state_note.h"

enum { SPARE_BYTES = 128 }; /* what the first answer makes room for */

static void on_writable(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    pass_mark_dirty(context);
}

static int poll_output(struct conn *conn)
{
    if (conn->writable == NULL)
        conn->writable = event_new(conn->server->base, conn->fd, EV_WRITE, on_writable, conn);
    return conn->writable != NULL ? event_add(conn->writable, NULL) : -1;
}

static void set_holding(struct conn *conn, bool holding)
{
    if (holding && !conn->holding)
        TAILQ_INSERT_TAIL(&conn->server->holding, conn, in_holding);
    else if (!holding && conn->holding)
        TAILQ_REMOVE(&conn->server->holding, conn, in_holding);
    conn->holding = holding;
}

void conn_output_release(struct conn *conn)
{
    bool released = gated_output_release(&conn->out, state_note_committed(conn->server));

    set_holding(conn, gated_output_is_held(&conn->out));
    if (released)
        pass_mark_dirty(conn);
}

void conn_output_take_back(struct conn *conn)
{
    gated_output_take_back(&conn->out);
    set_holding(conn, false);
}

static void leave_unread_list(struct conn *conn)
{
    if (conn->unread)
        TAILQ_REMOVE(&conn->server->unread, conn, in_unread);
    conn->unread = false;
}

/* The client has not taken all.  Returns -1 when there is no memory. */
static int wait_for_reader(struct conn *conn)
{
    if (!conn->unread) {
        conn->unread = true;
        conn->unread_since_s = context_monotonic_s();
        TAILQ_INSERT_TAIL(&conn->server->unread, conn, in_unread);
    }
    return poll_output(conn);
}

static void count_output(struct conn *conn)
{
    uint32_t len = gated_output_len(&conn->out);

    conn->server->output_bytes += (size_t)len - conn->counted_output;
    conn->counted_output = len;
}

/* What is closed at once behind the last bytes sends them and its end in one segment. */
static int send_flags(const struct conn *conn)
{
    bool is_last = conn->state == CONN_CLOSING &&
                   gated_output_sendable(&conn->out) == gated_output_len(&conn->out);

    return is_last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
}

static bool flush(struct conn *conn)
{
    uint32_t len;

    while ((len = gated_output_sendable(&conn->out)) > 0) {
        ssize_t sent = send(conn->fd, conn->out.bytes.data, len, send_flags(conn));

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return wait_for_reader(conn) == 0;
        if (sent < 0)
            return false;
        gated_output_sent(&conn->out, (uint32_t)sent);
        leave_unread_list(conn);
    }
    return true;
}

bool conn_output_end_pass(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    bool has_more = conn->list != NULL && server->parts->say_more(conn), lives;

    if (conn->out.bytes.failed)
        return false;
    if (server->state.confirms && gated_output_has_said(&conn->out))
        state_note_confirm(server);
    gated_output_end_pass(&conn->out, state_note_mark(server), state_note_committed(server));
    if (gated_output_is_held(&conn->out))
        set_holding(conn, true);
    lives = flush(conn);
    count_output(conn);
    /* The others have their turn before the next part of a list is said; one that was taken whole
     * may have filled the kernel's buffers to the brim. */
    if (lives && has_more)
        lives = wait_for_reader(conn) == 0;
    else if (lives && gated_output_sendable(&conn->out) == 0)
        leave_unread_list(conn); /* what waits for a commit, it could not have read */
    return lives;
}

void conn_output_fini(struct conn *conn)
{
    leave_unread_list(conn);
    conn->server->output_bytes -= conn->counted_output;
    set_holding(conn, false);
    if (conn->writable != NULL)
        event_free(conn->writable);
    /* A small buffer that is in one piece goes on to the next connection. */
    if (conn->out.bytes.size != SPARE_BYTES || conn->out.bytes.start > 0 || conn->out.bytes.failed)
        gated_output_fini(&conn->out);
}
