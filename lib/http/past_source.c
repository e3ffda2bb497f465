/* The history for HTTP, in the server's loop; rows are written in the store's thread.
 * Must not read it in the loop. */
#include "past_source.h"

#include <stdlib.h>

#include "list/json_line.h"
#include "protocol/past.h"
#include "protocol/proof.h"
#include "protocol/reason.h"
#include "server/onlooker.h"
#include "shared_text.h"
#include "store/store.h"

enum { OK = 200, UNAVAILABLE = 503 };

struct past_ask {
    struct onlooker_of_past onlooker;
    struct http_call *call;
    LIST_ENTRY(past_ask) all;
};

static void add_who(struct json_line *line, const struct store_history *entry, bool is_hidden)
{
    json_line_text(line, "owner", is_hidden ? "-" : entry->owner);
    json_line_text(line, "proof", is_hidden ? NULL : proof_word(entry->asker.proof));
    if (is_hidden || entry->asker.proof == LOCK_CLAIMED)
        json_line_text(line, "uid", NULL);
    else
        json_line_number(line, "uid", entry->asker.uid);
    json_line_text(line, "host", is_hidden ? NULL : entry->host);
    json_line_known(line, "pid", is_hidden ? 0 : entry->pid);
    json_line_text(line, "job", is_hidden ? NULL : entry->job);
    json_line_text(line, "project", is_hidden ? NULL : entry->project);
    json_line_text(line, "by", is_hidden ? NULL : entry->by_name);
}

/* As lockreport --holds --json has them, where a hole is no row.  In a thread of the store's. */
static void on_entry(struct store_query *query, const struct store_history *entry)
{
    struct json_line line;

    if (entry->past == STORE_PAST_HOLE)
        return;
    if (query->text.len > 0)
        buffer_add_text(&query->text, ",\n");
    line = json_line_begin(&query->text);
    json_line_text(&line, "kind", past_word(entry->past));
    json_line_text(&line, "reason",
                   entry->reason != LOCK_REASON_NONE ? reason_word(entry->reason) : NULL);
    json_line_text(&line, "lock", entry->lock);
    json_line_text(&line, "pool", entry->pool);
    add_who(&line, entry, query->view.is_limited);
    json_line_time(&line, "asked", entry->asked_ms);
    json_line_time(&line, "granted", entry->past == STORE_PAST_HOLD ? entry->granted_ms : 0);
    json_line_time(&line, "ended", entry->ended_ms);
    json_line_end(&line);
}

static void on_answer(struct onlooker_of_past *onlooker, struct store_query *answer)
{
    struct past_ask *ask = onlooker->context;
    struct http_call *call = ask->call;

    LIST_REMOVE(ask, all);
    free(ask);
    if (answer == NULL || answer->failed) {
        http_answer(call, UNAVAILABLE, NULL);
        return;
    }
    call->next = answer->next;
    http_answer(call, OK, shared_text_take(&answer->text));
}

void past_source_answer(struct past_source *source, struct http_call *call)
{
    struct past_ask *ask = calloc(1, sizeof *ask);
    struct store_query *query = calloc(1, sizeof *query);
    struct buffer nothing = {0};

    call->until_ms = call->until_ms != 0 ? call->until_ms : onlooker_now_ms(source->server);
    if (call->is_span)
        call->since_ms = call->until_ms - call->since_ms;
    call->is_span = false;
    if (ask == NULL || query == NULL) {
        free(ask);
        free(query);
        http_answer(call, UNAVAILABLE, NULL);
        return;
    }
    *ask = (struct past_ask){.onlooker = {.on_answer = on_answer, .context = ask}, .call = call};
    query->since_ms = call->since_ms > 0 ? call->since_ms : 0;
    query->until_ms = call->until_ms;
    query->after = call->after;
    query->limit = call->limit;
    query->on_entry = on_entry;
    if (onlooker_ask_past(source->server, &ask->onlooker, query) == 0) {
        LIST_INSERT_HEAD(&source->asks, ask, all);
        return;
    }
    /* None is kept. */
    free(ask);
    free(query);
    call->next = 0;
    http_answer(call, OK, shared_text_take(&nothing));
}

void past_source_fini(struct past_source *source)
{
    struct past_ask *ask;

    while ((ask = LIST_FIRST(&source->asks)) != NULL) {
        LIST_REMOVE(ask, all);
        onlooker_forget_past(&ask->onlooker);
        free(ask->call);
        free(ask);
    }
}
