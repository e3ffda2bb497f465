/* Why somebody waits, as a line of words and numbers.
 * Must not make a sentence of it: that is the client's. */
#include "reply_why.h"

#include "context.h"
#include "unusable.h"

const char *reply_why_word(enum lock_why why)
{
    static const char *const words[] = {
        [LOCK_WHY_SEATS] = "seats",     [LOCK_WHY_LIMIT] = "limit",
        [LOCK_WHY_SHARE] = "share",     [LOCK_WHY_RESERVE] = "reserve",
        [LOCK_WHY_OUTSIDE] = "outside", [LOCK_WHY_COLLECTING] = "collecting",
        [LOCK_WHY_ASIDE] = "aside",     [LOCK_WHY_AWAY] = "away",
        [LOCK_WHY_KEPT] = "kept",       [LOCK_WHY_OFFLINE] = "offline",
    };

    return words[why];
}

const char *reply_why_rule(enum lock_rule rule)
{
    static const char *const words[] = {
        [LOCK_RULE_NONE] = "-",
        [LOCK_RULE_ALLOW] = "allow",
        [LOCK_RULE_DENY] = "deny",
        [LOCK_RULE_SIZE] = "size",
        [LOCK_RULE_RESERVE] = "reserve",
        [LOCK_RULE_OUTSIDE] = "outside",
        [LOCK_RULE_LIMIT_JOB] = "job",
        [LOCK_RULE_LIMIT_USER] = "user",
        [LOCK_RULE_LIMIT_HOST] = "host",
        [LOCK_RULE_LIMIT_PROJECT] = "project",
        [LOCK_RULE_LIMIT_TOGETHER] = "together",
        [LOCK_RULE_GONE] = "gone",
        [LOCK_RULE_MIXED] = "mixed",
        [LOCK_RULE_CHOOSES] = "chooses",
        [LOCK_RULE_TWICE] = "twice",
    };

    return words[rule];
}

static void add_word(struct conn *conn, const char *word)
{
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_text(&conn->out.bytes, word != NULL && word[0] != '\0' ? word : "-");
}

static void add_number(struct conn *conn, uint64_t number)
{
    buffer_add(&conn->out.bytes, " ", 1);
    buffer_add_number(&conn->out.bytes, number);
}

/* So many seconds, begun ones too; 0 where nobody knows. */
static uint32_t seconds_left(const struct conn *conn, int64_t until_ms)
{
    int64_t left_s = (until_ms - context_now_ms(conn->server) + 999) / 1000;

    if (until_ms == INT64_MAX)
        return 0;
    return left_s < 1 ? 1 : left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s;
}

/* Until when a lock is offline, and the words of whoever said so. */
static const char *find_offline(const struct conn *conn, struct lock_reason_to_wait *reason)
{
    const struct store_unusable *offline = unusable_find(conn->server, STORE_OFFLINE, reason->name);

    reason->until_ms = offline != NULL ? offline->until_ms : INT64_MAX;
    return offline != NULL ? offline->reason : NULL;
}

void reply_why(struct conn *conn, const struct lock_request *request)
{
    struct lock_reason_to_wait reason;
    const char *rest;

    lock_table_explain(conn->server->table, request, &reason);
    rest = reason.why == LOCK_WHY_OFFLINE ? find_offline(conn, &reason) : reason.at.file;
    if (reason.why == LOCK_WHY_KEPT || reason.why == LOCK_WHY_OFFLINE)
        reason.a = seconds_left(conn, reason.until_ms);
    buffer_add_text(&conn->out.bytes, "why");
    add_word(conn, reply_why_word(reason.why));
    add_word(conn, reason.name);
    add_number(conn, reason.a);
    add_number(conn, reason.b);
    add_number(conn, reason.c);
    add_number(conn, reason.place);
    add_number(conn, reason.of);
    add_word(conn, reply_why_rule(reason.rule));
    add_word(conn, reason.value);
    add_number(conn, reason.at.file != NULL ? (uint64_t)reason.at.line : 0);
    add_word(conn, rest);
    buffer_add(&conn->out.bytes, "\n", 1);
}
