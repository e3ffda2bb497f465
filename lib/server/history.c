/* What has ended, from the store: the answer to HISTORY.
 * Must not let the loop wait for the disk. */
#include "history.h"

#include <stdlib.h>

#include "base/number.h"
#include "base/words.h"
#include "pass.h"
#include "protocol/past.h"
#include "reply.h"

enum { ENTRIES_AT_A_TIME = 1000 };

_Static_assert((int)PAST_HOLD == (int)STORE_PAST_HOLD &&
                   (int)PAST_REFUSED == (int)STORE_PAST_REFUSED &&
                   (int)PAST_LEFT == (int)STORE_PAST_LEFT,
               "the kinds have the same order");

static const char *const reason_words[] = {
    [LOCK_REASON_NONE] = "-",      [LOCK_REASON_UNLOCK] = "unlock",
    [LOCK_REASON_BREAK] = "break", [LOCK_REASON_HOLD_LIMIT] = "hold-limit",
    [LOCK_REASON_DEAD] = "dead",   [LOCK_REASON_JOB_END] = "job-end",
    [LOCK_REASON_GONE] = "gone",
};

static void add_number(struct buffer *out, int64_t number)
{
    buffer_add(out, " ", 1);
    buffer_add_number(out, number > 0 ? (uint64_t)number : 0);
}

static void add_word(struct buffer *out, const char *word)
{
    buffer_add(out, " ", 1);
    buffer_add_text(out, word != NULL ? word : "-");
}

static void add_entry(struct buffer *out, const struct store_history *entry)
{
    const char *past = past_word(entry->past);
    size_t reason = entry->reason;

    if (past == NULL)
        return;
    if (reason >= sizeof reason_words / sizeof *reason_words)
        reason = LOCK_REASON_NONE;
    buffer_add_text(out, "past ");
    buffer_add_text(out, past);
    add_word(out, reason_words[reason]);
    add_number(out, (int64_t)entry->token);
    add_number(out, entry->asked_ms);
    add_number(out, entry->granted_ms);
    add_number(out, entry->ended_ms);
    add_number(out, (int64_t)entry->pid);
    add_word(out, entry->owner);
    add_word(out, entry->host);
    add_word(out, entry->job);
    add_word(out, entry->lock);
    buffer_add(out, "\n", 1);
}

static void on_entry(struct store_query *query, const struct store_history *entry)
{
    add_entry(&query->text, entry);
}

/* What is held still has no end yet. */
static void add_present(struct conn *conn, int64_t until_ms)
{
    const struct lock_seat *seat = NULL;

    while ((seat = lock_table_next_held(conn->server->table, seat)) != NULL) {
        const struct lock_request *request = seat->request;
        const struct store_history entry = {
            .past = STORE_PAST_HOLD,
            .lock = lock_seat_name(seat),
            .owner = request->owner,
            .host = request->process->host,
            .job = request->process->job,
            .pid = request->process->pid,
            .token = request->token,
            .asked_ms = request->asked_ms,
            .granted_ms = request->granted_ms,
        };

        if (request->asked_ms < until_ms)
            add_entry(&conn->out.bytes, &entry);
    }
}

static void end_answer(struct conn *conn, uint64_t next, int64_t until_ms)
{
    if (next == 0)
        add_present(conn, until_ms);
    reply_number(conn, "history", next);
    pass_mark_dirty(conn);
}

static int next_number(char **args, uint64_t *number)
{
    const char *word = words_next(args);

    return word != NULL ? number_parse(word, INT64_MAX, number) : -1;
}

void history_command(struct conn *conn, char *args)
{
    static const struct refusal incomplete = {
        ERROR_CODE_MALFORMED, "HISTORY needs two times in milliseconds and a number"};
    struct store *store = conn->server->state.store;
    uint64_t since_ms, until_ms, after;
    struct store_query *query;

    if (next_number(&args, &since_ms) != 0 || next_number(&args, &until_ms) != 0 ||
        next_number(&args, &after) != 0) {
        reply_status(conn, NULL, &incomplete);
        return;
    }
    if (store == NULL || !store_keeps(store)) {
        end_answer(conn, 0, (int64_t)until_ms);
        return;
    }
    query = calloc(1, sizeof *query);
    if (query == NULL) {
        reply_status(conn, NULL, &refusal_no_memory);
        return;
    }
    query->since_ms = (int64_t)since_ms;
    query->until_ms = (int64_t)until_ms;
    query->after = after;
    query->limit = ENTRIES_AT_A_TIME;
    query->on_entry = on_entry;
    query->context = conn;
    conn->query = query;
    conn->state = CONN_READING;
    store_ask(store, query);
}

static void take_answer(struct conn *conn, struct store_query *query)
{
    static const struct refusal unreadable = {ERROR_CODE_REFUSED,
                                              "the history cannot be read; see the server's log"};

    conn->query = NULL;
    if (conn->state == CONN_READING)
        conn->state = CONN_OPEN;
    pass_resume(conn);
    if (query->failed || query->text.failed) {
        reply_status(conn, NULL, &unreadable);
        return;
    }
    buffer_add(&conn->out.bytes, query->text.data, query->text.len);
    end_answer(conn, query->next, query->until_ms);
}

void history_take_answers(struct ipclocker_server *server)
{
    struct store_query *query;

    while ((query = store_answer(server->state.store)) != NULL) {
        if (query->context != NULL)
            take_answer(query->context, query);
        store_query_destroy(query);
    }
}

void history_forget(struct conn *conn)
{
    if (conn->query != NULL)
        conn->query->context = NULL;
    conn->query = NULL;
}
