/* A client's connection: bytes in, lines, bytes out.
 * Must not know what a line means, and must never wait for a client. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server_private.h"

static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_writable(evutil_socket_t fd, short events, void *context);

void conn_create(struct ipclocker_server *server, int fd)
{
    struct conn *conn = calloc(1, sizeof *conn);

    if (conn == NULL ||
        event_assign(&conn->readable, server->base, fd, EV_READ | EV_PERSIST, on_readable, conn) !=
            0 ||
        event_assign(&conn->writable, server->base, fd, EV_WRITE, on_writable, conn) != 0 ||
        event_add(&conn->readable, NULL) != 0) {
        free(conn);
        close(fd);
        return;
    }
    conn->server = server;
    conn->fd = fd;
    conn->protocol = 1;
    conn->since_s = server_monotonic_s();
    TAILQ_INSERT_TAIL(&server->conns, conn, all);
    conn->timed_in = &server->idle;
    TAILQ_INSERT_TAIL(conn->timed_in, conn, in_timed);
    server->conn_count++;
}

static void leave_timed_list(struct conn *conn)
{
    if (conn->timed_in != NULL)
        TAILQ_REMOVE(conn->timed_in, conn, in_timed);
    conn->timed_in = NULL;
}

void conn_destroy(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    claim_leave_all(conn);
    history_forget(conn);
    leave_timed_list(conn);
    if (conn->dirty)
        TAILQ_REMOVE(&server->dirty, conn, in_dirty);
    if (conn->resumed)
        TAILQ_REMOVE(&server->resumed, conn, in_resumed);
    if (conn->holding)
        TAILQ_REMOVE(&server->holding, conn, in_holding);
    TAILQ_REMOVE(&server->conns, conn, all);
    server->conn_count--;
    event_del(&conn->readable);
    event_del(&conn->writable);
    close(conn->fd);
    buffer_fini(&conn->in);
    buffer_fini(&conn->out);
    wish_fini(&conn->wish);
    free(conn->user);
    free(conn->hostname);
    free(conn->boot);
    free(conn->job);
    free(conn);
}

void conn_refuse(struct conn *conn, const char *text)
{
    size_t before = conn->out.len;

    buffer_add_text(&conn->out, "error ");
    reply_text(conn, text);
    conn->plain += conn->out.len - before;
    buffer_fini(&conn->in);
    conn->state = CONN_CLOSING;
    server_mark_dirty(conn);
}

/* The next line can be handled, whatever it is. */
static bool is_ready(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->out.len < OUT_PAUSE_BYTES;
}

/* Handles the lines at the start of `data`.  Returns how many bytes that were. */
static size_t handle_lines(struct conn *conn, char *data, size_t len)
{
    size_t used = 0;

    conn->handling = true;
    while (used < len) {
        char *line = data + used;
        char *end = memchr(line, '\n', len - used);
        size_t line_len;

        if (end == NULL)
            break;
        line_len = (size_t)(end - line);
        if (!is_ready(conn) &&
            !(conn->state == CONN_WAITING && command_is_urgent(conn, line, line_len)))
            break;
        leave_timed_list(conn);
        *end = '\0';
        used += line_len + 1;
        /* A NUL would hide what follows it; such a line says nothing that we know. */
        if (memchr(line, '\0', line_len) == NULL && line_len <= LINE_MAX_BYTES)
            command_run(conn, line);
    }
    conn->handling = false;
    return used;
}

/* A client may not make us keep more than one line that we cannot handle. */
static void check_length(struct conn *conn)
{
    if (conn->in.len <= LINE_MAX_BYTES)
        return;
    if (conn->state == CONN_WAITING)
        conn_refuse(conn, "too many commands behind a LOCK that waits");
    else if (is_ready(conn))
        conn_refuse(conn, "a line is longer than 65535 bytes; send shorter ones");
    else
        event_del(&conn->readable);
}

static void handle_input(struct conn *conn, char *data, size_t len)
{
    if (conn->in.len == 0) {
        size_t used = handle_lines(conn, data, len);

        if (conn->state < CONN_CLOSING)
            buffer_add(&conn->in, data + used, len - used);
    } else {
        buffer_add(&conn->in, data, len);
        buffer_drop(&conn->in, handle_lines(conn, conn->in.data, conn->in.len));
    }
    if (conn->state < CONN_CLOSING)
        check_length(conn);
}

/* The client has sent all that it will.  What it sent before is still answered. */
static void handle_end_of_input(struct conn *conn)
{
    if (conn->state == CONN_DRAINING) {
        conn_destroy(conn);
        return;
    }
    conn->input_ended = true;
    event_del(&conn->readable);
    server_mark_dirty(conn);
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct conn *conn = context;
    ssize_t got = recv(fd, conn->server->scratch, READ_CHUNK, 0);

    (void)events;
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_destroy(conn);
        return;
    }
    if (got == 0) {
        handle_end_of_input(conn);
        return;
    }
    if (conn->state < CONN_CLOSING)
        handle_input(conn, conn->server->scratch, (size_t)got);
    if (conn->in.failed)
        conn_destroy(conn);
}

/* Closing with unread input makes the kernel send a reset, which may overtake the last lines. */
static void start_draining(struct conn *conn)
{
    conn->state = CONN_DRAINING;
    shutdown(conn->fd, SHUT_WR);
    leave_timed_list(conn);
    conn->since_s = server_monotonic_s();
    conn->timed_in = &conn->server->draining;
    TAILQ_INSERT_TAIL(conn->timed_in, conn, in_timed);
    event_add(&conn->readable, NULL);
}

/* ---- what may be seen ---- */

static void set_holding(struct conn *conn, bool holding)
{
    if (holding && !conn->holding)
        TAILQ_INSERT_TAIL(&conn->server->holding, conn, in_holding);
    else if (!holding && conn->holding)
        TAILQ_REMOVE(&conn->server->holding, conn, in_holding);
    conn->holding = holding;
}

/* What was said since the last call may be sent when all is committed that has changed until now.
 * What waits longest is not added to, so that a busy client is not kept waiting for ever.
 */
static void mark_output(struct conn *conn)
{
    size_t len = conn->out.len - conn->sendable - conn->held[0].len - conn->held[1].len;
    uint64_t mark = durable_mark(conn->server);
    bool plain = conn->plain == len;

    conn->plain = 0;
    if (len == 0)
        return;
    if (conn->held[0].len == 0 && (plain || durable_is_safe(conn->server, mark))) {
        conn->sendable += len;
        return;
    }
    if (conn->held[0].len == 0 || (conn->held[1].len == 0 && conn->held[0].mark == mark)) {
        conn->held[0].len += len;
        conn->held[0].mark = mark;
    } else {
        conn->held[1].len += len;
        conn->held[1].mark = mark;
    }
    set_holding(conn, true);
}

void conn_release_output(struct conn *conn)
{
    bool released = false;

    while (conn->held[0].len > 0 && durable_is_safe(conn->server, conn->held[0].mark)) {
        conn->sendable += conn->held[0].len;
        conn->held[0] = conn->held[1];
        conn->held[1].len = 0;
        released = true;
    }
    set_holding(conn, conn->held[0].len > 0);
    if (released)
        server_mark_dirty(conn);
}

void conn_take_back(struct conn *conn, const char *why)
{
    if (conn->state == CONN_DRAINING)
        return;
    conn->out.len = conn->sendable;
    conn->held[0].len = 0;
    conn->held[1].len = 0;
    conn->plain = 0;
    set_holding(conn, false);
    history_forget(conn);
    conn_refuse(conn, why);
}

/* Returns false when the connection is gone. */
static bool flush(struct conn *conn)
{
    while (conn->sendable > 0) {
        ssize_t sent = send(conn->fd, conn->out.data, conn->sendable, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            event_add(&conn->writable, NULL);
            return true;
        }
        if (sent < 0) {
            conn_destroy(conn);
            return false;
        }
        buffer_drop(&conn->out, (size_t)sent);
        conn->sendable -= (size_t)sent;
    }
    return true;
}

static bool has_unread_input(const struct conn *conn)
{
    char byte;

    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Lines that had to wait for a grant, or for the client to read.  Returns whether any was handled.
 */
bool conn_handle_kept_lines(struct conn *conn)
{
    bool was_full = conn->in.len > LINE_MAX_BYTES;
    size_t used;

    if (conn->in.len == 0)
        return false;
    used = handle_lines(conn, conn->in.data, conn->in.len);
    buffer_drop(&conn->in, used);
    if (was_full && conn->in.len <= LINE_MAX_BYTES && !conn->input_ended)
        event_add(&conn->readable, NULL);
    return used > 0;
}

void conn_finish_pass(struct conn *conn)
{
    do {
        if (conn->out.failed) {
            conn_destroy(conn);
            return;
        }
        mark_output(conn);
        if (!flush(conn))
            return;
    } while (conn_handle_kept_lines(conn));
    /* Nobody is there any more who could use a grant, or ask for more. */
    if (conn->input_ended && conn->state != CONN_READING &&
        (conn->state == CONN_WAITING || conn->out.len == 0)) {
        conn_destroy(conn);
        return;
    }
    if (conn->state != CONN_CLOSING || conn->out.len > 0)
        return;
    if (has_unread_input(conn))
        start_draining(conn);
    else
        conn_destroy(conn);
}

static void on_writable(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    server_mark_dirty(context);
}
