/* Requests and their answers.
 * Must not make a text: its owner does. */
#include "desk.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host_check.h"
#include "page.h"
#include "respond.h"

enum {
    FRESH_MS = 100,        /* so old a text of numbers may be */
    HEALTH_WAIT_MS = 5000, /* a loop that does not answer so long is not healthy */
    ANSWER_WAIT_MS = 30000,
    LISTS_MOST = 8,
    LIST_KEPT_MS = 10000,
    OK = 200,
    NOT_MODIFIED = 304,
    UNAVAILABLE = 503,
};

static const char plain[] = "text/plain; charset=utf-8";
static const char open_metrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* What a path is. */
static const struct route {
    const char *path, *type;
    size_t shelf;
    enum http_what what;
    bool may_be_fresh;
} routes[] = {
    {"/healthz", plain, 0, HTTP_HEALTH, true},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", 1, HTTP_METRICS, true},
    {"/metrics", open_metrics, 2, HTTP_METRICS, true},
    {"/locks.json", "application/json", 3, HTTP_LIST, false},
    {"/history.json", "application/json", 0, HTTP_PAST, false},
};

struct exchange {
    struct evhttp_request *request;
    const struct route *route;
    int64_t since_ms;
    TAILQ_ENTRY(exchange) waiting;
};

static struct evkeyvalq *headers_of(struct evhttp_request *request)
{
    return evhttp_request_get_input_headers(request);
}

static bool wants_open_metrics(struct evhttp_request *request)
{
    const char *accept = evhttp_find_header(headers_of(request), "Accept");

    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}

static const struct route *find_route(const struct desk *desk, struct evhttp_request *request,
                                      const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *route = &routes[i];

        if (strcmp(path, route->path) == 0 && (desk->source->has & 1U << route->what) != 0 &&
            (route->what != HTTP_METRICS ||
             (route->type == open_metrics) == wants_open_metrics(request)))
            return route;
    }
    return NULL;
}

static void refuse(struct desk *desk, struct evhttp_request *request, int status, const char *why)
{
    atomic_fetch_add(&desk->refused, 1);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    respond_line(request, status, why);
}

/* What a visitor may ask at all.  Returns the status to refuse it with, and why; 0: it may. */
static int check(const struct desk *desk, struct evhttp_request *request, const char **why)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    const char *host = evhttp_request_get_host(request);

    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        *why = "only GET and HEAD are served: nothing can be changed here";
        return 405;
    }
    if (evhttp_find_header(headers_of(request), "Content-Length") != NULL ||
        evhttp_find_header(headers_of(request), "Transfer-Encoding") != NULL) {
        *why = "a request has no body here";
        return 400;
    }
    if (host == NULL && request->major == 1 && request->minor >= 1) {
        *why = "the request says no Host";
        return 400;
    }
    if (host != NULL && !host_check(host, desk->names, desk->name_count)) {
        *why = "this machine does not go by that name: ask by its address, or allow the name with "
               "--http-name";
        return 421;
    }
    return 0;
}

static struct visitor *visitor_of(const struct desk *desk, struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct bufferevent *bufferevent =
        connection != NULL ? evhttp_connection_get_bufferevent(connection) : NULL;

    return bufferevent != NULL ? visitors_find(desk->visitors, bufferevent_getfd(bufferevent))
                               : NULL;
}

static void on_answered(struct evhttp_request *request, void *context)
{
    struct visitor *visitor = visitor_of(context, request);

    if (visitor != NULL)
        visitors_set_busy(visitor, false);
}

/* The text is for the exchange, which ends. */
static void end(struct exchange *exchange, int status, struct shared_text *text)
{
    if (text == NULL) {
        respond_line(exchange->request, UNAVAILABLE, "out of memory; try again later");
    } else {
        respond_text(exchange->request, status, status == OK ? exchange->route->type : plain, NULL,
                     shared_text_keep(text));
    }
    free(exchange);
}

static bool ask(struct desk *desk, const struct route *route)
{
    struct shelf *shelf = &desk->shelves[route->shelf];
    struct http_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return false;
    call->what = route->what;
    call->is_open_metrics = route->type == open_metrics;
    if (route->what == HTTP_LIST && shelf->fresh != NULL)
        memcpy(call->known, shelf->fresh->tag, sizeof call->known);
    call->service = desk->service;
    call->asker = shelf;
    calls_ask(desk->calls, call);
    return true;
}

static void serve_shelf(struct desk *desk, struct evhttp_request *request,
                        const struct route *route)
{
    struct shelf *shelf = &desk->shelves[route->shelf];
    struct exchange *exchange = calloc(1, sizeof *exchange);
    int64_t now_ms = clock_now_ms();

    if (exchange == NULL) {
        respond_line(request, UNAVAILABLE, "out of memory; try again later");
        return;
    }
    *exchange = (struct exchange){.request = request, .route = route, .since_ms = now_ms};
    if (route->may_be_fresh && shelf->fresh != NULL && now_ms - shelf->made_ms < FRESH_MS) {
        end(exchange, shelf->status, shelf->fresh);
        return;
    }
    if (!shelf->is_asked)
        shelf->is_asked = ask(desk, route);
    if (!shelf->is_asked) {
        end(exchange, UNAVAILABLE, NULL);
        return;
    }
    TAILQ_INSERT_TAIL(&shelf->waiting, exchange, waiting);
}

static struct shared_text *keep_page(struct desk *desk)
{
    struct shared_text *page;

    pthread_mutex_lock(&desk->page_lock);
    page = desk->page != NULL ? shared_text_keep(desk->page) : NULL;
    pthread_mutex_unlock(&desk->page_lock);
    return page;
}

void desk_set_page(struct desk *desk, struct shared_text *page)
{
    struct shared_text *before;

    pthread_mutex_lock(&desk->page_lock);
    before = desk->page;
    desk->page = page;
    pthread_mutex_unlock(&desk->page_lock);
    shared_text_drop(before);
}

/* It is shown also while the server is loading: it says what comes of what it asks for. */
static bool serve_page(struct desk *desk, struct evhttp_request *request, const char *path)
{
    struct shared_text *page = strcmp(path, "/") == 0 ? keep_page(desk) : NULL;

    if (page != NULL)
        respond_text(request, OK, "text/html; charset=utf-8", page_policy, page);
    return page != NULL;
}

static bool serve_events(struct desk *desk, struct evhttp_request *request, const char *path,
                         struct visitor *visitor)
{
    if (desk->events.ring == NULL || strcmp(path, "/events") != 0)
        return false;
    visitor->stays = event_stream_begin(&desk->events, request);
    return true;
}

static void serve(struct desk *desk, struct evhttp_request *request, const struct route *route)
{
    if (route->what == HTTP_PAST)
        past_stream_begin(&desk->past, request);
    else
        serve_shelf(desk, request, route);
}

void desk_on_request(struct evhttp_request *request, void *context)
{
    struct desk *desk = context;
    struct visitor *visitor = visitor_of(desk, request);
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request)), *why;
    const struct route *route;
    int status;

    atomic_fetch_add(&desk->requests, 1);
    if (visitor == NULL) {
        refuse(desk, request, UNAVAILABLE, "too many connections; try again later");
        return;
    }
    visitors_set_busy(visitor, true);
    evhttp_request_set_on_complete_cb(request, on_answered, desk);
    status = check(desk, request, &why);
    route = status == 0 && path != NULL ? find_route(desk, request, path) : NULL;
    if (status != 0)
        refuse(desk, request, status, why);
    else if (path != NULL &&
             (serve_page(desk, request, path) || serve_events(desk, request, path, visitor)))
        return;
    else if (route == NULL)
        refuse(desk, request, 404, "there is no such page here");
    else if (!atomic_load(desk->is_heard))
        respond_line(request, UNAVAILABLE, "loading");
    else
        serve(desk, request, route);
}

/* The list is its owner's, which wants it back at once: who reads slowly reads a copy.  Of these
 * there are few, so that those who read slowly do not fill the memory. */
static void put_list(struct desk *desk, struct shelf *shelf, struct http_call *call)
{
    if (call->status == OK) {
        shared_text_drop(shelf->fresh);
        shelf->fresh = call->text != NULL && atomic_load(&desk->lists) < LISTS_MOST
                           ? shared_text_copy(call->text, &desk->lists)
                           : NULL;
        shared_text_drop(call->text);
    }
    shelf->status = OK;
}

static void put(struct desk *desk, struct shelf *shelf, struct http_call *call)
{
    if (call->what == HTTP_LIST && (call->status == OK || call->status == NOT_MODIFIED)) {
        put_list(desk, shelf, call);
    } else {
        shared_text_drop(shelf->fresh);
        shelf->fresh = call->text;
        shelf->status = call->status;
    }
    shelf->made_ms = clock_now_ms();
    shelf->is_asked = false;
}

/* What was asked for before is all that there is, and is kept for a moment. */
static void take_answer(struct desk *desk, struct http_call *call)
{
    struct shelf *shelf = call->asker;
    struct exchange *exchange;

    if (call->what == HTTP_PAST) {
        past_stream_take(&desk->past, call);
        return;
    }
    put(desk, shelf, call);
    while ((exchange = TAILQ_FIRST(&shelf->waiting)) != NULL) {
        TAILQ_REMOVE(&shelf->waiting, exchange, waiting);
        end(exchange, shelf->status, shelf->fresh);
    }
    free(call);
}

void desk_take_answers(struct desk *desk)
{
    struct http_call *call;

    while ((call = calls_next_answer(desk->calls)) != NULL)
        take_answer(desk, call);
}

static void give_up(struct shelf *shelf, int64_t now_ms)
{
    struct exchange *exchange;

    while ((exchange = TAILQ_FIRST(&shelf->waiting)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): TAILQ_REMOVE moves the head on */
        bool is_health = exchange->route->what == HTTP_HEALTH;

        if (now_ms - exchange->since_ms < (is_health ? HEALTH_WAIT_MS : ANSWER_WAIT_MS))
            return;
        TAILQ_REMOVE(&shelf->waiting, exchange, waiting);
        respond_line(exchange->request, UNAVAILABLE, "no answer in time; it is busy, or stopped");
        free(exchange);
    }
}

void desk_sweep(struct desk *desk)
{
    int64_t now_ms = clock_now_ms();

    event_stream_sweep(&desk->events);
    for (size_t i = 0; i < DESK_SHELVES; i++) {
        struct shelf *shelf = &desk->shelves[i];

        give_up(shelf, now_ms);
        if (!shelf->is_asked && now_ms - shelf->made_ms > LIST_KEPT_MS) {
            shared_text_drop(shelf->fresh);
            shelf->fresh = NULL;
        }
    }
}

void desk_init(struct desk *desk)
{
    for (size_t i = 0; i < DESK_SHELVES; i++)
        TAILQ_INIT(&desk->shelves[i].waiting);
    pthread_mutex_init(&desk->page_lock, NULL);
    desk->past.service = desk->service;
    desk->past.calls = desk->calls;
    LIST_INIT(&desk->past.streams);
    desk->events.ring = desk->source->events;
    LIST_INIT(&desk->events.streams);
}

void desk_fini(struct desk *desk)
{
    past_stream_stop(&desk->past);
    event_stream_stop(&desk->events);
    desk_set_page(desk, NULL);
    pthread_mutex_destroy(&desk->page_lock);
    for (size_t i = 0; i < DESK_SHELVES; i++) {
        struct exchange *exchange;

        while ((exchange = TAILQ_FIRST(&desk->shelves[i].waiting)) != NULL) {
            TAILQ_REMOVE(&desk->shelves[i].waiting, exchange, waiting);
            respond_line(exchange->request, UNAVAILABLE, "the server stops");
            free(exchange);
        }
        shared_text_drop(desk->shelves[i].fresh);
        desk->shelves[i].fresh = NULL;
    }
}
