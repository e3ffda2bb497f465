/* A client's connection: bytes in, lines, bytes out.
 * Must not know what a line means, and must never wait for a client. */
#include "conn.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth_role.h"
#include "conn_output.h"
#include "context.h"
#include "limit.h"
#include "particulars.h"
#include "pass.h"
#include "spare_conn.h"
#include "turn.h"
#include "unfinished.h"

static bool read_input(struct conn *conn);
static void on_readable(evutil_socket_t fd, short events, void *context);

static struct conn_list *timed_list(const struct conn *conn)
{
    return conn->state == CONN_DRAINING ? &conn->server->draining : &conn->server->idle;
}

static void enter_timed_list(struct conn *conn)
{
    conn->since_s = context_monotonic_s();
    conn->is_active = false;
    TAILQ_INSERT_TAIL(timed_list(conn), conn, in_timed);
}

static void leave_timed_list(struct conn *conn)
{
    TAILQ_REMOVE(timed_list(conn), conn, in_timed);
}

static struct lock_asker asker_of_peer(const struct auth_peer *peer)
{
    struct lock_asker asker = {
        .uid = peer->uid,
        .proof = peer->is_proven ? LOCK_PROVEN_BY_SOCKET : LOCK_CLAIMED,
    };

    memcpy(asker.peer, peer->ip, sizeof asker.peer);
    return asker;
}

void conn_create(struct ipclocker_server *server, int fd, const struct auth_peer *peer,
                 struct account *account)
{
    struct buffer out = {0};
    struct conn *conn = spare_conn_take(server, &out);

    if (conn == NULL) {
        close(fd);
        return;
    }
    memset(conn, 0, offsetof(struct conn, own_user));
    conn->server = server;
    conn->fd = fd;
    conn->protocol = 1;
    conn->account = account;
    conn->says = &particulars_none;
    conn->out.bytes = out;
    conn->asker = asker_of_peer(peer);
    if (peer->is_proven)
        auth_roles_judge_socket(server->roles, peer, fd, &conn->is_admin, &conn->is_reaper);
    account_connect(&server->accounts, account);
    TAILQ_INSERT_TAIL(&server->conns, conn, all);
    enter_timed_list(conn);
    server->conn_count++;
    /* Most clients have sent something by now, and one with a single request is served whole. */
    if (!turn_is_due(conn))
        turn_wait(conn);
    else if (read_input(conn))
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
    turn_forget(conn);
    if (conn->resumed)
        TAILQ_REMOVE(&server->resumed, conn, in_resumed);
    TAILQ_REMOVE(&server->conns, conn, all);
    server->conn_count--;
    particulars_forget_names(conn);
    account_disconnect(&server->accounts, conn->account);
    poll_input(conn, false);
    conn_output_fini(conn);
    close(conn->fd);
    buffer_fini(&conn->in);
    particulars_forget_user(conn);
    particulars_forget(conn);
    spare_conn_leave(conn);
}

/* Closes one that is broken, or over. */
static void hang_up(struct conn *conn)
{
    poll_input(conn, false);
    if (!unfinished_outlives(conn))
        conn_destroy(conn);
}

void conn_refuse(struct conn *conn, const struct refusal *refusal)
{
    uint32_t before = gated_output_len(&conn->out);

    refusal_add(&conn->out.bytes, refusal, conn->protocol, conn->server->counts.refused);
    gated_output_unbind(&conn->out, before);
    buffer_fini(&conn->in);
    conn->state = CONN_CLOSING;
    conn->more_input = true;
    pass_mark_dirty(conn);
}

/* The next line can be handled, whatever it is. */
static bool is_ready(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn_output_has_room(conn);
}

/* Whether a line can be handled; one that only its turn keeps from that has the next one. */
static bool may_handle(struct conn *conn, const char *line, size_t len)
{
    if (!is_ready(conn) && !(conn->state == CONN_WAITING && conn_output_has_room(conn) &&
                             conn->server->parts->is_urgent(conn, line, len)))
        return false;
    if (turn_is_over(conn))
        turn_wait(conn);
    return !turn_is_over(conn);
}

static void refuse_length(struct conn *conn)
{
    conn_refuse(conn, limit_refuse(conn->server, IPCLOCKER_LIMIT_LINE_BYTES, conn->account));
}

/* Handles the lines at the start of `data`.  Returns how many bytes that were. */
static size_t handle_lines(struct conn *conn, char *data, size_t len)
{
    const struct server_parts *parts = conn->server->parts;
    const size_t most = conn->server->limits[IPCLOCKER_LIMIT_LINE_BYTES];
    const uint32_t cost_before_us = conn->turn_cost_us;
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
        if (!may_handle(conn, line, line_len))
            break;
        if (line_len > most) {
            refuse_length(conn);
            break;
        }
        *end = '\0';
        if (!(has_nul && memchr(line, '\0', line_len) != NULL) &&
            !parts->run_line(conn, line, line_len)) {
            *end = '\n';
            turn_wait(conn);
            break;
        }
        used += line_len + 1;
    }
    conn->handling = false;
    turn_charge(conn, cost_before_us);
    return used;
}

/* A client may not make us keep more than one line that we cannot handle. */
static bool is_full(const struct conn *conn)
{
    return conn->in.len > conn->server->limits[IPCLOCKER_LIMIT_LINE_BYTES];
}

static void check_length(struct conn *conn)
{
    static const struct refusal too_many = {ERROR_CODE_LIMIT,
                                            "too many commands behind a LOCK that waits"};

    if (!is_full(conn) || conn->turn != TURN_NONE)
        return;
    if (conn->state == CONN_WAITING && conn_output_has_room(conn)) {
        limit_note(conn->server, IPCLOCKER_LIMIT_LINE_BYTES, conn->account);
        conn_refuse(conn, &too_many);
    } else if (is_ready(conn)) {
        refuse_length(conn);
    } else {
        poll_input(conn, false);
    }
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

/* The client has sent all that it will.  What it sent before is still answered; but it may have
 * gone, and nobody is to wait for what is looked up for it. */
static bool handle_end_of_input(struct conn *conn)
{
    if (conn->state == CONN_DRAINING)
        return false;
    conn->input_ended = true;
    if (conn->query != NULL)
        conn->query->comes_last = true;
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

/* Reads once, so that every client has its turn.  Returns false when the connection is over. */
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
        hang_up(conn);
    return lives;
}

/* What is left of its last turn comes first. */
void conn_take_turn(struct conn *conn)
{
    conn->turn_cost_us = 0;
    if (conn_handle_kept_lines(conn) || conn->unfinished != NULL || read_input(conn))
        conn_finish_pass(conn);
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct conn *conn = context;
    struct ipclocker_server *server = conn->server;

    (void)fd;
    (void)events;
    conn->turn_cost_us = 0;
    pass_begin_short(server);
    if (conn->turn != TURN_NONE)
        poll_input(conn, false); /* it waits for longer than a pass */
    else if (!turn_is_due(conn))
        turn_wait(conn);
    else
        read_input(conn);
    pass_end_short(server);
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

void conn_take_back(struct conn *conn, const struct refusal *why)
{
    if (conn->state == CONN_DRAINING)
        return;
    conn_output_take_back(conn);
    conn_refuse(conn, why);
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
        if (!conn_output_end_pass(conn)) {
            hang_up(conn);
            return;
        }
    } while (conn_handle_kept_lines(conn));
    /* Most go on so; one whose input has ended is not looked at any more. */
    if (conn->state == CONN_OPEN && conn->polled)
        return;
    /* Nobody is there any more who could use a grant, or ask for more. */
    if (conn->input_ended && conn->state != CONN_READING && conn->state != CONN_PROVING &&
        conn->turn == TURN_NONE &&
        (conn->state == CONN_WAITING || gated_output_len(&conn->out) == 0)) {
        conn_destroy(conn);
        return;
    }
    if (conn->state < CONN_CLOSING && !conn->input_ended && !is_full(conn) &&
        conn->turn == TURN_NONE && poll_input(conn, true) != 0) {
        hang_up(conn);
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

/* A line would go unread as well. */
static void close_unread(struct ipclocker_server *server, time_t now_s)
{
    time_t patience_s = (time_t)server->limits[IPCLOCKER_LIMIT_UNREAD_S];
    struct conn *conn;

    /* The analyser does not see that TAILQ_REMOVE moves the head on. */
    while ((conn = TAILQ_FIRST(&server->unread)) != NULL &&
           now_s - conn->unread_since_s >= patience_s) { /* NOLINT(clang-analyzer-unix.Malloc) */
        limit_note(server, IPCLOCKER_LIMIT_UNREAD_S, conn->account);
        hang_up(conn);
    }
}

/* One that was served once is at home with a server that goes away, and asks another time. */
static void turn_out(struct conn *conn)
{
    if (conn->is_known) {
        conn->state = CONN_CLOSING;
        pass_mark_dirty(conn);
    } else {
        conn_refuse(conn, limit_refuse(conn->server, IPCLOCKER_LIMIT_IDLE_S, conn->account));
    }
}

static void close_idle(struct ipclocker_server *server, time_t now_s)
{
    time_t idle_s = (time_t)server->limits[IPCLOCKER_LIMIT_IDLE_S];
    struct conn *conn;

    while ((conn = TAILQ_FIRST(&server->idle)) != NULL && now_s - conn->since_s >= idle_s &&
           now_s != conn->since_s) {
        bool may_stay = conn->is_active || server->parts->may_stay(conn);

        leave_timed_list(conn);
        enter_timed_list(conn);
        if (!may_stay)
            turn_out(conn);
    }
}

void conn_sweep(struct ipclocker_server *server)
{
    time_t now_s = context_monotonic_s();
    struct conn *conn;

    while ((conn = TAILQ_FIRST(&server->draining)) != NULL &&
           now_s - conn->since_s >= LINGER_S) /* NOLINT(clang-analyzer-unix.Malloc) */
        conn_destroy(conn);
    close_idle(server, now_s);
    close_unread(server, now_s);
}
