/* A client's connection: bytes in, lines, bytes out.
 * Must not know what a line means, and must never wait for a client. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context.h"
#include "pass.h"
#include "state_note.h"

static bool read_input(struct conn *conn);
static void on_readable(evutil_socket_t fd, short events, void *context);
static void on_writable(evutil_socket_t fd, short events, void *context);

static struct conn_list *timed_list(const struct conn *conn)
{
    return conn->state == CONN_DRAINING ? &conn->server->draining : &conn->server->idle;
}

static void enter_timed_list(struct conn *conn)
{
    assert(!conn->holding);
    conn->timed = true;
    conn->since_s = context_monotonic_s();
    TAILQ_INSERT_TAIL(timed_list(conn), conn, in_timed);
}

static void leave_timed_list(struct conn *conn)
{
    if (conn->timed)
        TAILQ_REMOVE(timed_list(conn), conn, in_timed);
    conn->timed = false;
}

void conn_create(struct ipclocker_server *server, int fd)
{
    struct conn *conn = malloc(sizeof *conn);

    if (conn == NULL) {
        close(fd);
        return;
    }
    *conn = (struct conn){.server = server, .fd = fd, .protocol = 1};
    TAILQ_INSERT_TAIL(&server->conns, conn, all);
    enter_timed_list(conn);
    server->conn_count++;
    /* Most clients have sent something by now, and one with a single request is served whole. */
    if (read_input(conn))
        conn_finish_pass(conn);
}

/* Has the loop look for input, or not.  Returns -1 when there is no memory. */
static int poll_input(struct conn *conn, bool poll)
{
    if (poll == conn->polled)
        return 0;
    conn->polled = poll;
    if (!poll)
        return event_del(&conn->readable);
    event_assign(&conn->readable, conn->server->base, conn->fd, EV_READ | EV_PERSIST, on_readable,
                 conn);
    return event_add(&conn->readable, NULL);
}

static int poll_output(struct conn *conn)
{
    if (conn->writable == NULL)
        conn->writable = event_new(conn->server->base, conn->fd, EV_WRITE, on_writable, conn);
    return conn->writable != NULL ? event_add(conn->writable, NULL) : -1;
}

static void leave_dirty_list(struct conn *conn)
{
    if (conn->dirty)
        TAILQ_REMOVE(&conn->server->dirty, conn, in_dirty);
    conn->dirty = false;
}

void conn_destroy(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    server->parts->let_go(conn);
    leave_timed_list(conn);
    leave_dirty_list(conn);
    if (conn->resumed)
        TAILQ_REMOVE(&server->resumed, conn, in_resumed);
    if (conn->holding)
        TAILQ_REMOVE(&server->holding, conn, in_holding);
    TAILQ_REMOVE(&server->conns, conn, all);
    server->conn_count--;
    poll_input(conn, false);
    if (conn->writable != NULL)
        event_free(conn->writable);
    close(conn->fd);
    buffer_fini(&conn->in);
    gated_output_fini(&conn->out);
    lock_demand_fini(&conn->demand);
    free(conn->user);
    free(conn->hostname);
    free(conn->boot);
    free(conn->job);
    free(conn);
}

void conn_refuse(struct conn *conn, const struct refusal *refusal)
{
    uint32_t before = gated_output_len(&conn->out);

    refusal_add(&conn->out.bytes, refusal, conn->protocol);
    gated_output_unbind(&conn->out, before);
    buffer_fini(&conn->in);
    conn->state = CONN_CLOSING;
    conn->more_input = true;
    pass_mark_dirty(conn);
}

/* The next line can be handled, whatever it is. */
static bool is_ready(const struct conn *conn)
{
    return conn->state == CONN_OPEN && gated_output_len(&conn->out) < OUT_PAUSE_BYTES;
}

/* Handles the lines at the start of `data`.  Returns how many bytes that were. */
static size_t handle_lines(struct conn *conn, char *data, size_t len)
{
    const struct server_parts *parts = conn->server->parts;
    /* A NUL would hide what follows it; a line with one says nothing that we know. */
    bool has_nul = memchr(data, '\0', len) != NULL;
    size_t used = 0;

    conn->handling = true;
    /* What closes the connection throws its input away. */
    while (used < len && conn->state < CONN_CLOSING) {
        char *line = data + used;
        char *end = memchr(line, '\n', len - used);
        size_t line_len;

        if (end == NULL)
            break;
        line_len = (size_t)(end - line);
        if (!is_ready(conn) &&
            !(conn->state == CONN_WAITING && parts->is_urgent(conn, line, line_len)))
            break;
        leave_timed_list(conn);
        *end = '\0';
        used += line_len + 1;
        if (line_len <= LINE_MAX_BYTES && !(has_nul && memchr(line, '\0', line_len) != NULL))
            parts->run_line(conn, line);
    }
    conn->handling = false;
    return used;
}

/* A client may not make us keep more than one line that we cannot handle. */
static bool is_full(const struct conn *conn)
{
    return conn->in.len > LINE_MAX_BYTES;
}

static void check_length(struct conn *conn)
{
    static const struct refusal too_many = {ERROR_CODE_LIMIT,
                                            "too many commands behind a LOCK that waits"};
    static const struct refusal too_long = {ERROR_CODE_LIMIT,
                                            "a line is longer than 65535 bytes; send shorter ones"};

    if (!is_full(conn))
        return;
    if (conn->state == CONN_WAITING)
        conn_refuse(conn, &too_many);
    else if (is_ready(conn))
        conn_refuse(conn, &too_long);
    else
        poll_input(conn, false);
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
static bool handle_end_of_input(struct conn *conn)
{
    if (conn->state == CONN_DRAINING)
        return false;
    conn->input_ended = true;
    poll_input(conn, false);
    pass_mark_dirty(conn);
    return true;
}

static bool handle_what_came(struct conn *conn, size_t len)
{
    conn->more_input = len == READ_CHUNK;
    if (conn->state < CONN_CLOSING)
        handle_input(conn, conn->server->scratch, len);
    return !conn->in.failed;
}

/* Reads once, so that every client has its turn.  Returns false when the connection is gone. */
static bool read_input(struct conn *conn)
{
    ssize_t got = recv(conn->fd, conn->server->scratch, READ_CHUNK, 0);
    bool lives;

    if (got > 0)
        lives = handle_what_came(conn, (size_t)got);
    else if (got == 0)
        lives = handle_end_of_input(conn);
    else
        lives = errno == EAGAIN || errno == EINTR;
    if (!lives)
        conn_destroy(conn);
    return lives;
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    read_input(context);
}

/* Closing with unread input makes the kernel send a reset, which may overtake the last lines. */
static void start_draining(struct conn *conn)
{
    leave_timed_list(conn);
    conn->state = CONN_DRAINING;
    shutdown(conn->fd, SHUT_WR);
    enter_timed_list(conn);
    if (poll_input(conn, true) != 0)
        conn_destroy(conn);
}

static void set_holding(struct conn *conn, bool holding)
{
    assert(!(holding && conn->timed));
    if (holding && !conn->holding)
        TAILQ_INSERT_TAIL(&conn->server->holding, conn, in_holding);
    else if (!holding && conn->holding)
        TAILQ_REMOVE(&conn->server->holding, conn, in_holding);
    conn->holding = holding;
}

static void mark_output(struct conn *conn)
{
    const struct ipclocker_server *server = conn->server;

    gated_output_end_pass(&conn->out, state_note_mark(server), state_note_committed(server));
    if (gated_output_is_held(&conn->out))
        set_holding(conn, true);
}

void conn_release_output(struct conn *conn)
{
    bool released = gated_output_release(&conn->out, state_note_committed(conn->server));

    set_holding(conn, gated_output_is_held(&conn->out));
    if (released)
        pass_mark_dirty(conn);
}

void conn_take_back(struct conn *conn, const struct refusal *why)
{
    if (conn->state == CONN_DRAINING)
        return;
    gated_output_take_back(&conn->out);
    set_holding(conn, false);
    conn_refuse(conn, why);
}

/* What is closed at once behind the last bytes sends them and its end in one segment. */
static int send_flags(const struct conn *conn)
{
    bool is_last = conn->state == CONN_CLOSING &&
                   gated_output_sendable(&conn->out) == gated_output_len(&conn->out);

    return is_last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
}

/* Returns false when the connection is gone. */
static bool flush(struct conn *conn)
{
    uint32_t len;

    while ((len = gated_output_sendable(&conn->out)) > 0) {
        ssize_t sent = send(conn->fd, conn->out.bytes.data, len, send_flags(conn));

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN && poll_output(conn) == 0)
            return true;
        if (sent < 0) {
            conn_destroy(conn);
            return false;
        }
        gated_output_sent(&conn->out, (uint32_t)sent);
    }
    return true;
}

static bool has_unread_input(const struct conn *conn)
{
    char byte;

    return conn->more_input && recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Lines that had to wait for a grant, or for the client to read.  Returns whether any was handled.
 */
bool conn_handle_kept_lines(struct conn *conn)
{
    size_t used;

    if (conn->in.len == 0)
        return false;
    used = handle_lines(conn, conn->in.data, conn->in.len);
    buffer_drop(&conn->in, used);
    return used > 0;
}

/* A queue is long, and there are thousands of them: who waits keeps no memory for what it may say
 * or be told some day. */
static void give_up_buffers(struct conn *conn)
{
    if (conn->in.len == 0)
        buffer_fini(&conn->in);
    if (gated_output_len(&conn->out) == 0)
        gated_output_fini(&conn->out);
}

void conn_finish_pass(struct conn *conn)
{
    leave_dirty_list(conn);
    do {
        if (conn->out.bytes.failed) {
            conn_destroy(conn);
            return;
        }
        mark_output(conn);
        if (!flush(conn))
            return;
    } while (conn_handle_kept_lines(conn));
    /* Nobody is there any more who could use a grant, or ask for more. */
    if (conn->input_ended && conn->state != CONN_READING &&
        (conn->state == CONN_WAITING || gated_output_len(&conn->out) == 0)) {
        conn_destroy(conn);
        return;
    }
    if (conn->state < CONN_CLOSING && !conn->input_ended && !is_full(conn) &&
        poll_input(conn, true) != 0) {
        conn_destroy(conn);
        return;
    }
    if (conn->state == CONN_WAITING)
        give_up_buffers(conn);
    if (conn->state != CONN_CLOSING || gated_output_len(&conn->out) > 0)
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
    pass_mark_dirty(context);
}

void conn_sweep(struct ipclocker_server *server)
{
    static const struct refusal too_late = {ERROR_CODE_LATER,
                                            "no command came in time; connect again"};
    time_t now_s = context_monotonic_s();
    time_t idle_s = (time_t)server->limits[IPCLOCKER_LIMIT_IDLE_S];
    struct conn *conn;

    /* The analyser does not see that TAILQ_REMOVE moves the head on. */
    while ((conn = TAILQ_FIRST(&server->draining)) != NULL &&
           now_s - conn->since_s >= LINGER_S) /* NOLINT(clang-analyzer-unix.Malloc) */
        conn_destroy(conn);
    while ((conn = TAILQ_FIRST(&server->idle)) != NULL && now_s - conn->since_s >= idle_s) {
        leave_timed_list(conn);
        conn_refuse(conn, &too_late);
    }
}
