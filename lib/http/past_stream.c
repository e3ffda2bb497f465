/* The history, part by part.
 * Must not ask for the next part before this one is on its way. */
#include "past_stream.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/rfc3339.h"
#include "respond.h"
#include "stream.h"

enum {
    AT_ONCE = 4, /* visitors: reading the history is work of a disk */
    PART = 500,  /* entries */
    LIMIT = 1000,
    LIMIT_MOST = 100000,
    DAY_S = 24 * 3600,
    UNAVAILABLE = 503,
};

static const char type[] = "application/json";

struct past_stream {
    struct stream stream; /* first */
    struct past_desk *desk;
    struct evhttp_request *request; /* until it begins */
    uint64_t left, next;
    int64_t since_ms, until_ms;
    bool is_asked, is_gone, is_ending, has_rows;
    LIST_ENTRY(past_stream) all;
};

static void destroy(struct past_stream *past)
{
    LIST_REMOVE(past, all);
    past->desk->count--;
    free(past);
}

static void on_gone(struct stream *stream)
{
    struct past_stream *past = (struct past_stream *)(void *)stream;

    past->is_gone = true;
    if (!past->is_asked)
        destroy(past);
}

static bool ask(struct past_stream *past, bool is_span)
{
    struct http_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return false;
    call->what = HTTP_PAST;
    call->is_span = is_span;
    call->since_ms = past->since_ms;
    call->until_ms = past->until_ms;
    call->after = past->next;
    call->limit = past->left < PART ? past->left : PART;
    call->service = past->desk->service;
    call->asker = past;
    past->is_asked = true;
    calls_ask(past->desk->calls, call);
    return true;
}

static void end(struct past_stream *past)
{
    struct buffer text = {0};

    past->is_ending = true;
    buffer_add_text(&text, "\n],\"next\":");
    buffer_add_number(&text, past->next);
    buffer_add_text(&text, "}\n");
    stream_send(&past->stream, &text);
    stream_end(&past->stream);
    destroy(past);
}

static void on_sent(struct stream *stream)
{
    struct past_stream *past = (struct past_stream *)(void *)stream;

    if (past->is_asked || past->is_ending)
        return;
    if (past->next == 0 || past->left == 0 || past->stream.is_head || !ask(past, false))
        end(past);
}

/* A number of a question; `value` stays where it says none.  Returns -1 for one that is none. */
static int take_number(struct evkeyvalq *query, const char *key, uint64_t most, uint64_t *value)
{
    const char *text = evhttp_find_header(query, key);

    if (text == NULL)
        return 0;
    return number_parse(text, most, value);
}

static int parse(struct past_stream *past, const char *question)
{
    uint64_t since_s = DAY_S;
    struct evkeyvalq query;
    int result;

    past->left = LIMIT;
    if (question == NULL)
        question = "";
    if (evhttp_parse_query_str(question, &query) != 0)
        return -1;
    result = take_number(&query, "since", INT32_MAX, &since_s) |
             take_number(&query, "limit", LIMIT_MOST, &past->left) |
             take_number(&query, "after", INT64_MAX, &past->next);
    evhttp_clear_headers(&query);
    past->since_ms = (int64_t)since_s * 1000;
    return result;
}

void past_stream_begin(struct past_desk *desk, struct evhttp_request *request)
{
    struct past_stream *past = desk->count < AT_ONCE ? calloc(1, sizeof *past) : NULL;

    if (past == NULL) {
        respond_line(request, UNAVAILABLE, "others read the history; try again later");
        return;
    }
    past->desk = desk;
    past->stream.on_gone = on_gone;
    past->stream.on_sent = on_sent;
    past->request = request;
    LIST_INSERT_HEAD(&desk->streams, past, all);
    desk->count++;
    if (parse(past, evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request))) != 0) {
        respond_line(request, 400,
                     "history.json takes since=SECONDS, limit=ENTRIES up to 100000 and after=NEXT");
        destroy(past);
    } else if (!ask(past, true)) {
        respond_line(request, UNAVAILABLE, "out of memory; try again later");
        destroy(past);
    }
}

static void add_head(struct past_stream *past, struct buffer *text)
{
    char since[RFC3339_SIZE], until[RFC3339_SIZE];

    rfc3339_format(since, past->since_ms);
    rfc3339_format(until, past->until_ms);
    buffer_add_text(text, "{\"version\":1,\"since\":\"");
    buffer_add_text(text, since);
    buffer_add_text(text, "\",\"until\":\"");
    buffer_add_text(text, until);
    buffer_add_text(text, "\",\"rows\":[\n");
}

static size_t count_rows(const struct shared_text *text)
{
    size_t rows = text->len > 0;

    for (size_t i = 0; i < text->len; i++)
        rows += text->bytes[i] == '\n';
    return rows;
}

static void send_part(struct past_stream *past, const struct http_call *call, bool is_first)
{
    size_t rows = count_rows(call->text);
    struct buffer text = {0};

    if (is_first)
        add_head(past, &text);
    if (rows > 0 && past->has_rows)
        buffer_add_text(&text, ",\n");
    buffer_add(&text, call->text->bytes, call->text->len);
    past->has_rows |= rows > 0;
    past->left -= rows < past->left ? rows : past->left;
    past->next = call->next;
    stream_send(&past->stream, &text);
}

/* The visitor may have gone before there was a stream to tell of that. */
static bool open(struct past_stream *past, const struct http_call *call)
{
    struct evhttp_request *request = past->request;

    past->request = NULL;
    if (call->text != NULL && evhttp_request_get_connection(request) != NULL) {
        past->since_ms = call->since_ms;
        past->until_ms = call->until_ms;
        stream_begin(&past->stream, request, type);
        return true;
    }
    respond_line(request, UNAVAILABLE, "the history cannot be read; try again later");
    destroy(past);
    return false;
}

void past_stream_take(struct past_desk *desk, struct http_call *call)
{
    struct past_stream *past = call->asker;
    bool is_first = past->request != NULL;

    (void)desk;
    past->is_asked = false;
    if (past->is_gone)
        destroy(past);
    else if (is_first ? open(past, call) : true) {
        if (call->text != NULL)
            send_part(past, call, is_first);
        else
            end(past);
    }
    shared_text_drop(call->text);
    free(call);
}

void past_stream_stop(struct past_desk *desk)
{
    struct past_stream *past;

    while ((past = LIST_FIRST(&desk->streams)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): LIST_REMOVE moves the head on */
        if (past->request != NULL)
            respond_line(past->request, UNAVAILABLE, "the server stops");
        else
            stream_forget(&past->stream);
        destroy(past);
    }
}
