/* What has ended, from the store: the answer to HISTORY.
 * Must not let the loop wait for the disk. */
#include "history.h"

#include <stdlib.h>

#include "base/number.h"
#include "base/words.h"
#include "history_text.h"
#include "listing.h"
#include "may.h"
#include "pass.h"
#include "reply.h"

enum { ENTRIES_AT_A_TIME = 1000 };

static void on_entry(struct store_query *query, const struct store_history *entry)
{
    history_text_add(&query->text, entry, &query->view, query->tells_who);
}

/* Behind the last part comes what is held still. */
static void end_answer(struct conn *conn, uint64_t next, int64_t until_ms, bool tells_who)
{
    const struct listing_question rest = {
        .kind = LISTING_PAST,
        .view = may_view(conn),
        .until_ms = until_ms,
        .tells_who = tells_who,
    };

    if (next == 0) {
        listing_ask(conn, &rest);
        return;
    }
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
    static const struct refusal not_kept = {ERROR_CODE_REFUSED, "this lockerd keeps no history"};
    struct store *store = conn->server->state.store;
    uint64_t since_ms, until_ms, after;
    struct store_query *query;
    bool tells_who;

    if (next_number(&args, &since_ms) != 0 || next_number(&args, &until_ms) != 0 ||
        next_number(&args, &after) != 0) {
        reply_status(conn, NULL, &incomplete);
        return;
    }
    tells_who = words_next(&args) != NULL;
    if (store != NULL && store_keeps(store) && !store_keeps_history(store)) {
        reply_status(conn, NULL, &not_kept);
        return;
    }
    if (store == NULL || !store_keeps(store)) {
        end_answer(conn, 0, (int64_t)until_ms, tells_who);
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
    query->tells_who = tells_who;
    query->view = may_view(conn);
    query->on_entry = on_entry;
    query->comes_last = conn->input_ended;
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
    end_answer(conn, query->next, query->until_ms, query->tells_who);
}

static void show(struct onlooker_of_past *onlooker, struct store_query *query)
{
    LIST_REMOVE(onlooker, all);
    onlooker->query = NULL;
    onlooker->on_answer(onlooker, query);
}

int history_look(struct ipclocker_server *server, struct onlooker_of_past *onlooker,
                 struct store_query *query)
{
    struct store *store = server->state.store;

    if (store == NULL || !store_keeps_history(store))
        return -1;
    query->context = onlooker;
    onlooker->query = query;
    LIST_INSERT_HEAD(&server->onlookers, onlooker, all);
    store_ask(store, query);
    return 0;
}

void history_look_away(struct onlooker_of_past *onlooker)
{
    if (onlooker->query == NULL)
        return;
    LIST_REMOVE(onlooker, all);
    onlooker->query->context = NULL;
    onlooker->query->is_forgotten = true;
    onlooker->query = NULL;
}

void history_end_looks(struct ipclocker_server *server)
{
    struct onlooker_of_past *onlooker;

    while ((onlooker = LIST_FIRST(&server->onlookers)) != NULL) {
        history_look_away(onlooker);
        onlooker->on_answer(onlooker, NULL);
    }
}

void history_take_answers(struct ipclocker_server *server)
{
    struct store_query *query;

    while ((query = store_answer(server->state.store)) != NULL) {
        if (query->context != NULL && query->on_entry == on_entry)
            take_answer(query->context, query);
        else if (query->context != NULL)
            show(query->context, query);
        store_query_destroy(query);
    }
}

void history_forget(struct conn *conn)
{
    if (conn->query != NULL) {
        conn->query->context = NULL;
        conn->query->is_forgotten = true;
    }
    conn->query = NULL;
}
