/* The server's answers.
 * Must not change the table or a connection's settings. */
#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_key.h"
#include "context.h"
#include "holders.h"
#include "incarnation.h"
#include "limit.h"
#include "lock/pools.h"
#include "may.h"
#include "pass.h"
#include "pools.h"
#include "reply_circle.h"
#include "reply_why.h"

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
    size_t begin_len = strlen(begin), rest_len = strlen(rest);
    char *at = buffer_extend(out, begin_len + rest_len + 1);

    if (at == NULL)
        return;
    /* NOLINTBEGIN(bugprone-not-null-terminated-result): a line has no NUL */
    memcpy(at, begin, begin_len);
    memcpy(at + begin_len, rest, rest_len);
    /* NOLINTEND(bugprone-not-null-terminated-result) */
    at[begin_len + rest_len] = '\n';
}

static void end_status(struct conn *conn, const struct refusal *refusal)
{
    if (refusal != NULL)
        refusal_add(&conn->out.bytes, refusal, conn->protocol, conn->server->counts.refused);
    buffer_add(&conn->out.bytes, "\n\n", 2);
    pass_mark_dirty(conn);
}

static int64_t hold_left_ms(const struct conn *conn, const struct lock_request *request)
{
    int64_t left_ms = request->deadline_ms - context_now_ms(conn->server);

    return left_ms > 0 ? left_ms : 0;
}

/* The number of a grant, and what proves that one goes on with it. */
static void add_token(struct conn *conn, const struct lock_request *request)
{
    const struct lock_asker *asker = &request->asker;
    const struct siphash_key key = {{asker->key[0], asker->key[1]}};
    char text[SEAL_KEY_TEXT_SIZE];

    reply_number(conn, "token", request->token);
    if (request->deadline_ms != INT64_MAX)
        reply_number(conn, "hold-left", (uint64_t)hold_left_ms(conn, request));
    if (!auth_key_is_told(conn) || (key.words[0] | key.words[1]) == 0)
        return;
    seal_key_format(text, &key);
    add_line(&conn->out.bytes, "key ", text);
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
        add_token(conn, request);
    end_status(conn, NULL);
}

/* The grants of the user that a status tells of, so far. */
struct own_grants {
    const struct lock_request *newest; /* that may be told of its token */
    bool has_any;
};

/* Returns whether more may be told: with the classic protocol one lock is. */
static bool add_own(struct conn *conn, struct own_grants *own, const struct lock_request *holder,
                    const char *lock)
{
    if (!own->has_any) {
        add_line(&conn->out.bytes, "owner ", conn->user);
        add_line(&conn->out.bytes, "locked ", "1");
    }
    add_line(&conn->out.bytes, "lockname ", lock);
    own->has_any = true;
    if (conn->protocol < 2)
        return false;
    if ((own->newest == NULL || holder->token > own->newest->token) && may_own(conn, holder))
        own->newest = holder;
    return true;
}

/* The same of the user's seats of a pool. */
static bool add_own_seats(struct conn *conn, struct own_grants *own, const char *pool)
{
    const struct lock_request *request = NULL;
    bool more = true;

    while (more && (request = lock_table_next_own(conn->server->table, conn->user, pool,
                                                  request)) != NULL) {
        for (size_t i = 0; more && request->state == LOCK_HELD && i < request->seat_count; i++) {
            const struct pool_config *of = lock_seat_pool(&request->seats[i]);

            if (request->seats[i].state == LOCK_SEAT_HELD && of != NULL &&
                strcmp(of->name, pool) == 0)
                more = add_own(conn, own, request, lock_seat_name(&request->seats[i]));
        }
    }
    return more;
}

/* The same of a lock that others may have, too, or that the user may be done with. */
static bool add_own_share(struct conn *conn, struct own_grants *own, const char *name)
{
    const struct lock_request *request = lock_table_find(conn->server->table, conn->user, name);

    return request == NULL || request->state != LOCK_HELD || add_own(conn, own, request, name);
}

/* A lock of several groups is told of once.  Of more names than groups that overlap can have, none
 * can stand twice but within a group. */
static bool was_named(const struct lock_demand *demand, size_t name)
{
    enum { NAMES_MOST = 128 };
    size_t before = 0;

    if (demand->group_count < 2 || demand->name_count > NAMES_MOST)
        return false;
    while (strcmp(demand->names[before], demand->names[name]) != 0)
        before++;
    return before < name;
}

/* What the user has of the named locks: all of it, or with the classic protocol the first.  Of
 * several grants the last one's token is told: no resource has seen a higher one.
 * Returns false when that is nothing; then *first is the holder of the lock named first. */
static bool reply_held(struct conn *conn, const struct lock_request **first)
{
    const struct lock_table *table = conn->server->table;
    const struct lock_demand *demand = &conn->demand;
    struct own_grants own = {0};
    bool more = true;

    for (size_t i = 0; more && i < demand->name_count; i++) {
        const struct lock_request *holder = lock_table_holder(table, demand->names[i]);

        if (i == 0)
            *first = holder;
        if (holder == NULL || conn->user == NULL || was_named(demand, i))
            continue;
        if (pools_are_there(conn->server) && lock_table_is_pool(table, demand->names[i]))
            more = add_own_seats(conn, &own, demand->names[i]);
        else if (strcmp(holder->owner, conn->user) == 0 && !holder->keeps)
            more = add_own(conn, &own, holder, demand->names[i]);
        else if (holder->shares || holder->keeps)
            more = add_own_share(conn, &own, demand->names[i]);
    }
    if (own.newest != NULL)
        add_token(conn, own.newest);
    return own.has_any;
}

/* The others that share the lock whose owner was just told. */
static void add_sharers(struct conn *conn, const struct lock_request *holder, const char *released)
{
    enum { SHARERS_TOLD = 32 };
    const struct lock_table *table = conn->server->table;
    const char *name = released;

    if (conn->protocol < 2 || holder == NULL || !holder->shares)
        return;
    if (name == NULL)
        name = conn->demand.name_count > 0 ? conn->demand.names[0] : "lock";
    for (int i = 1; i < SHARERS_TOLD; i++) {
        holder = lock_table_next_holder(table, name, holder);
        if (holder == NULL)
            return;
        add_line(&conn->out.bytes, "sharer ", holder->owner);
    }
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
        add_sharers(conn, holder, released);
    }
    end_status(conn, refusal);
}

static const char *word_of_loss(enum lock_reason reason)
{
    switch (reason) {
    case LOCK_REASON_UNLOCK:
        return "unlocked";
    case LOCK_REASON_BREAK:
        return "broken";
    case LOCK_REASON_HOLD_LIMIT:
        return "hold-limit";
    case LOCK_REASON_DEAD:
        return "dead";
    case LOCK_REASON_JOB_END:
        return "job-end";
    case LOCK_REASON_SILENT:
        return "silent";
    default:
        return NULL;
    }
}

/* A line among those of a list would be taken for one of its own.  There are no more of these than
 * locks that the session has had. */
static void delay(struct conn *conn, const char *line)
{
    struct buffer *delayed = &conn->list->delayed;

    buffer_add_text(delayed, line);
    buffer_add(delayed, "\n", 1);
    if (delayed->failed)
        conn->out.bytes.failed = true;
}

/* What others have said to it, and it has not read, is more than it may leave unread.  What waits
 * for a commit, or was not sent yet in this pass, it could not have read. */
static bool is_overfull(const struct conn *conn)
{
    size_t unread = conn->unread ? gated_output_sendable(&conn->out) : 0;

    return unread > conn->server->limits[IPCLOCKER_LIMIT_UNREAD_BYTES];
}

void reply_lost(struct conn *conn, const struct lock_request *request, enum lock_reason reason)
{
    const char *word = word_of_loss(reason);
    char line[64];

    if (word == NULL || conn->protocol < 2)
        return;
    snprintf(line, sizeof line, "lost %" PRIu64 " %s", request->token, word);
    if (conn->list != NULL)
        delay(conn, line);
    else
        reply_text(conn, line);
    pass_mark_dirty(conn);
}

void reply_extended(struct conn *conn, const struct lock_request *request)
{
    char line[64];

    if (conn->protocol < 2)
        return;
    snprintf(line, sizeof line, "extended %" PRIu64 " %" PRId64, request->token,
             hold_left_ms(conn, request));
    reply_text(conn, line);
    pass_mark_dirty(conn);
    if (!conn->out.bytes.failed && is_overfull(conn)) {
        limit_note(conn->server, IPCLOCKER_LIMIT_UNREAD_BYTES, conn->account);
        conn->out.bytes.failed = true;
    }
}

static void add_queue(struct conn *conn, const struct lock_request *request)
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
}

void reply_queue(struct conn *conn, const struct lock_request *request)
{
    add_queue(conn, request);
    if (conn->why && request != NULL) {
        reply_why(conn, request);
        reply_circle(conn, request);
    }
    pass_mark_dirty(conn);
}

void reply_would_grant(struct conn *conn, const struct lock_request *request)
{
    reply_word(conn, "would", "grant");
    for (uint32_t i = 0; i < request->seat_count; i++) {
        const struct lock_seat *seat = &request->seats[i];

        if (seat->state == LOCK_SEAT_PROMISED || seat->state == LOCK_SEAT_HELD)
            reply_word(conn, "seat", lock_seat_name(seat));
    }
    pass_mark_dirty(conn);
}

void reply_would_wait(struct conn *conn, const struct lock_request *request)
{
    reply_word(conn, "would", "wait");
    add_queue(conn, request);
    reply_why(conn, request);
    pass_mark_dirty(conn);
}

static void reply_autounlock_check(struct conn *conn, const char *name,
                                   const struct lock_claimant *holder, bool names_start)
{
    buffer_add_text(&conn->out.bytes, "autounlock_check ");
    buffer_add_text(&conn->out.bytes, name);
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_text(&conn->out.bytes, holder->host);
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_number(&conn->out.bytes, holder->pid);
    buffer_add_text(&conn->out.bytes, " 2");
    /* Which process of that pid it is: for those who would see the same one under it. */
    if (names_start) {
        buffer_add(&conn->out.bytes, " ", 1);
        buffer_add_number(&conn->out.bytes, holder->start);
    }
    buffer_add(&conn->out.bytes, "\n", 1);
}

static bool is_checked(const struct conn *conn, const struct lock_request *holder)
{
    return holder->autounlock && holder->process->host != NULL && holder->process->pid != 0 &&
           may_look_after(conn, holder);
}

static bool is_neighbour(const struct conn *conn, const struct lock_request *holder)
{
    return conn->protocol >= 2 && holder->process->start != 0 &&
           incarnation_is_neighbour(conn, holder->process);
}

/* The holders of a pool's seats are many, and only neighbours could say anything of them.  Returns
 * how many were looked at. */
static size_t reply_checks_of_pool(struct conn *conn, const char *pool, size_t most)
{
    struct lock_request *holders[LOCK_HOLDERS_MOST];
    size_t count = holders_of_pool(conn, pool, holders, most);

    for (size_t i = 0; i < count; i++) {
        if (is_neighbour(conn, holders[i]) && is_checked(conn, holders[i]) && !holders[i]->is_kept)
            reply_autounlock_check(conn, holders_seat(holders[i], pool), holders[i]->process, true);
    }
    return count;
}

void reply_autounlock_checks(struct conn *conn)
{
    struct holders holders = {.skips_pools = conn->protocol >= 2};
    const struct lock_request *holder;
    size_t left = conn->protocol >= 2 ? LOCK_HOLDERS_MOST : 0; /* of all pools together */
    const char *name;

    if (!conn->autounlock)
        return;
    for (size_t i = 0; i < conn->demand.name_count && left > 0; i++)
        left -= reply_checks_of_pool(conn, conn->demand.names[i], left);
    while ((holder = holders_next(conn, &holders, &name)) != NULL) {
        if (is_checked(conn, holder))
            reply_autounlock_check(conn, name, holder->process, is_neighbour(conn, holder));
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
