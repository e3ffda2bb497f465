/* The server's answers.
 * Must not change the table or a connection's settings. */
#include "reply.h"

#include <string.h>

#include "context.h"
#include "incarnation.h"
#include "pass.h"

void reply_text(struct conn *conn, const char *text)
{
    buffer_add_text(&conn->out.bytes, text);
    buffer_add(&conn->out.bytes, "\n", 1);
}

void reply_word(struct conn *conn, const char *word, const char *value)
{
    buffer_add_text(&conn->out.bytes, word);
    buffer_add(&conn->out.bytes, " ", 1);
    reply_text(conn, value);
}

void reply_number(struct conn *conn, const char *word, uint64_t value)
{
    buffer_add_text(&conn->out.bytes, word);
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_number(&conn->out.bytes, value);
    buffer_add(&conn->out.bytes, "\n", 1);
}

/* A line that begins with a constant, which is copied without a call. */
static inline void add_line(struct buffer *out, const char *begin, const char *rest)
{
    buffer_add_text(out, begin);
    buffer_add_text(out, rest);
    buffer_add(out, "\n", 1);
}

static void end_status(struct conn *conn, const struct refusal *refusal)
{
    if (refusal != NULL)
        refusal_add(&conn->out.bytes, refusal, conn->protocol);
    buffer_add(&conn->out.bytes, "\n\n", 2);
    pass_mark_dirty(conn);
}

void reply_granted(struct conn *conn, const struct lock_request *request)
{
    add_line(&conn->out.bytes, "owner ", request->owner);
    add_line(&conn->out.bytes, "locked ", "1");
    for (size_t i = 0, left = request->held_count; left > 0; i++) {
        if (request->seats[i].state != LOCK_SEAT_HELD)
            continue;
        left--;
        add_line(&conn->out.bytes, "lockname ", lock_seat_name(&request->seats[i]));
    }
    if (conn->protocol >= 2)
        reply_number(conn, "token", request->token);
    end_status(conn, NULL);
}

/* What the user has of the named locks: all of it, or with the classic protocol the first.
 * Returns false when that is nothing; then *first is the holder of the lock named first. */
static bool reply_held(struct conn *conn, const struct lock_request **first)
{
    const struct lock_demand *demand = &conn->demand;
    const struct lock_request *last = NULL;

    for (size_t i = 0; i < demand->name_count; i++) {
        const struct lock_request *holder =
            lock_table_holder(conn->server->table, demand->names[i]);

        if (i == 0)
            *first = holder;
        if (holder == NULL || conn->user == NULL || strcmp(holder->owner, conn->user) != 0)
            continue;
        if (last == NULL) {
            add_line(&conn->out.bytes, "owner ", conn->user);
            add_line(&conn->out.bytes, "locked ", "1");
        }
        add_line(&conn->out.bytes, "lockname ", demand->names[i]);
        last = holder;
        if (conn->protocol < 2)
            break;
    }
    if (last != NULL && conn->protocol >= 2)
        reply_number(conn, "token", last->token);
    return last != NULL;
}

void reply_status(struct conn *conn, const char *released, const struct refusal *refusal)
{
    const struct lock_demand *demand = &conn->demand;
    const struct lock_request *holder = NULL;

    if (!reply_held(conn, &holder)) {
        if (demand->name_count == 0)
            holder = lock_table_holder(conn->server->table, "lock");
        else if (released != NULL && released != demand->names[0])
            holder = lock_table_holder(conn->server->table, released);
        add_line(&conn->out.bytes, "owner ", holder != NULL ? holder->owner : "");
        add_line(&conn->out.bytes, "locked ", "0");
    }
    end_status(conn, refusal);
}

void reply_queue(struct conn *conn, const struct lock_request *request)
{
    const struct lock_table *table = conn->server->table;
    const char *name = NULL;
    const struct lock_request *blocker =
        request != NULL ? lock_table_blocker(table, request, &name) : NULL;

    buffer_add_text(&conn->out.bytes, "queue ");
    buffer_add_number(&conn->out.bytes, request != NULL ? lock_table_position(table, request) : 0);
    if (blocker != NULL) {
        int64_t held_ms = context_now_ms(conn->server) - blocker->granted_ms;

        buffer_add(&conn->out.bytes, " ", 1);
        if (blocker->state == LOCK_HELD)
            buffer_add_number(&conn->out.bytes, held_ms > 0 ? (uint64_t)held_ms : 0);
        else
            buffer_add_text(&conn->out.bytes, "-1");
        buffer_add(&conn->out.bytes, " ", 1);
        buffer_add_text(&conn->out.bytes, name);
        buffer_add(&conn->out.bytes, " ", 1);
        buffer_add_text(&conn->out.bytes, blocker->owner);
    }
    buffer_add(&conn->out.bytes, "\n", 1);
    pass_mark_dirty(conn);
}

static void reply_autounlock_check(struct conn *conn, const char *name,
                                   const struct lock_claimant *holder)
{
    buffer_add_text(&conn->out.bytes, "autounlock_check ");
    buffer_add_text(&conn->out.bytes, name);
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_text(&conn->out.bytes, holder->host);
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_number(&conn->out.bytes, holder->pid);
    buffer_add_text(&conn->out.bytes, " 2");
    /* Which process of that pid it is: for those who would see the same one under it. */
    if (conn->protocol >= 2 && holder->start != 0 && incarnation_is_neighbour(conn, holder)) {
        buffer_add(&conn->out.bytes, " ", 1);
        buffer_add_number(&conn->out.bytes, holder->start);
    }
    buffer_add(&conn->out.bytes, "\n", 1);
}

void reply_autounlock_checks(struct conn *conn)
{
    for (size_t i = 0; conn->autounlock && i < conn->demand.name_count; i++) {
        const char *name = conn->demand.names[i];
        const struct lock_request *holder = lock_table_holder(conn->server->table, name);

        if (holder != NULL && holder->autounlock && holder->process->host != NULL &&
            holder->process->pid != 0)
            reply_autounlock_check(conn, name, holder->process);
    }
}

void reply_waiting(struct conn *conn, const struct lock_request *request)
{
    const struct lock_request *blocker = lock_table_blocker(conn->server->table, request, NULL);

    reply_autounlock_checks(conn);
    reply_word(conn, "print_waiting", blocker != NULL ? blocker->owner : "");
    if (conn->protocol >= 2)
        reply_queue(conn, request);
    pass_mark_dirty(conn);
}

void reply_lock_list(struct conn *conn)
{
    const struct lock_seat *seat = NULL;

    while ((seat = lock_table_next_held(conn->server->table, seat)) != NULL) {
        buffer_add_text(&conn->out.bytes, "lock ");
        buffer_add_text(&conn->out.bytes, lock_seat_name(seat));
        reply_word(conn, "", seat->request->owner);
    }
    end_status(conn, NULL);
}
