/* The service of HTTP: its thread, its loop, and its owner's end of the line.
 * Must not do in the owner's thread what a visitor can make long. */
#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/thread.h"
#include "calls.h"
#include "desk.h"
#include "http.h"
#include "net/address.h"
#include "page.h"
#include "place.h"
#include "visitors.h"

enum {
    SOCKETS_MAX = 16,
    LOOP_DESCRIPTORS = 5, /* a loop's, with those of the calls */
    HEADERS_MOST = 8192,
    QUIET_S = 30, /* that a visitor may send, or take, nothing */
};

struct http_service {
    struct http_source source;
    struct event_base *base;
    struct evhttp *http;
    struct event *answers, *second;
    struct event *questions; /* in the owner's loop */
    struct visitors visitors;
    struct desk desk;
    struct calls calls;
    int sockets[SOCKETS_MAX];
    struct evconnlistener *listeners[SOCKETS_MAX];
    int socket_count;
    pthread_t thread;
    bool is_running, has_calls;
    atomic_bool is_stopping, is_heard;
};

static void on_answers(evutil_socket_t fd, short events, void *context)
{
    struct http_service *service = context;

    (void)events;
    calls_hear(fd);
    if (atomic_load(&service->is_stopping))
        event_base_loopbreak(service->base);
    desk_take_answers(&service->desk);
    event_stream_deliver(&service->desk.events);
}

static void on_second(evutil_socket_t fd, short events, void *context)
{
    struct http_service *service = context;

    (void)fd;
    (void)events;
    desk_sweep(&service->desk);
    visitors_sweep(&service->visitors);
    for (int i = 0; i < service->socket_count; i++)
        evconnlistener_enable(service->listeners[i]);
}

/* Without descriptors a connection stays where it is: on_second() looks again, when some may be
 * back.
 */
static void on_shortage(struct evconnlistener *listener, void *context)
{
    (void)context;
    evconnlistener_disable(listener);
}

/* In the owner's thread. */
static void on_questions(evutil_socket_t fd, short events, void *context)
{
    struct http_service *service = context;
    struct shared_text *text;
    struct http_call *call;

    (void)events;
    calls_hear(fd);
    atomic_store(&service->is_heard, true);
    while ((text = calls_next_returned(&service->calls)) != NULL)
        ((struct http_returnable *)text->context)->release(text);
    while ((call = calls_next(&service->calls)) != NULL)
        service->source.answer(service->source.context, call);
}

void http_answer(struct http_call *call, int status, struct shared_text *text)
{
    call->status = status;
    call->text = text;
    calls_answer(&call->service->calls, call);
}

void http_has_events(struct http_service *service)
{
    calls_wake_service(&service->calls);
}

void http_return_text(struct shared_text *text)
{
    calls_return(&((struct http_returnable *)text->context)->service->calls, text);
}

static struct event_base *make_base(void)
{
    struct event_config *config =
        descriptor_spare(LOOP_DESCRIPTORS) == 0 ? event_config_new() : NULL;
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct http_service *http_create(const struct http_source *source)
{
    struct http_service *service = calloc(1, sizeof *service);

    if (service == NULL)
        return NULL;
    service->source = *source;
    visitors_init(&service->visitors);
    service->desk.source = &service->source;
    service->desk.service = service;
    service->desk.calls = &service->calls;
    service->desk.visitors = &service->visitors;
    service->desk.is_heard = &service->is_heard;
    desk_init(&service->desk);
    return service;
}

int http_listen(struct http_service *service, const char *where, char error[HTTP_ERROR_SIZE])
{
    int count = place_open(where, service->sockets + service->socket_count,
                           (size_t)(SOCKETS_MAX - service->socket_count), error);

    if (count < 0)
        return -1;
    service->socket_count += count;
    return 0;
}

uint16_t http_port(const struct http_service *service)
{
    return service->socket_count > 0 ? address_bound_port(service->sockets[0]) : 0;
}

bool http_is_exposed(const struct http_service *service)
{
    for (int i = 0; i < service->socket_count; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage storage;
        } own;
        socklen_t len = sizeof own;

        if (getsockname(service->sockets[i], &own.any, &len) == 0 && !cidr_is_loopback(&own.any))
            return true;
    }
    return false;
}

void http_set_names(struct http_service *service, const char *const *names, size_t count)
{
    service->desk.names = names;
    service->desk.name_count = count;
}

int http_set_allow(struct http_service *service, const char *const *ranges, size_t count)
{
    struct cidr_list list = {0};
    char error[CIDR_ERROR_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (cidr_list_add(&list, ranges[i], error) != 0) {
            cidr_list_fini(&list);
            return -1;
        }
    }
    visitors_set_allow(&service->visitors, &list);
    return 0;
}

int http_set_page(struct http_service *service, const char *path)
{
    struct shared_text *page = page_read(path);

    if (page == NULL)
        return -1;
    desk_set_page(&service->desk, page);
    return 0;
}

void http_stats(const struct http_service *service, struct http_stats *stats)
{
    *stats = (struct http_stats){
        .accepted = atomic_load(&service->visitors.accepted),
        .turned_away = atomic_load(&service->visitors.turned_away),
        .visitors = atomic_load(&service->visitors.now),
        .requests = atomic_load(&service->desk.requests),
        .refused = atomic_load(&service->desk.refused),
    };
}

static int make_server(struct http_service *service)
{
    service->http = evhttp_new(service->base);
    if (service->http == NULL)
        return -1;
    evhttp_set_bevcb(service->http, visitors_make, &service->visitors);
    evhttp_set_gencb(service->http, desk_on_request, &service->desk);
    evhttp_set_default_content_type(service->http, NULL);
    evhttp_set_max_headers_size(service->http, HEADERS_MOST);
    evhttp_set_max_body_size(service->http, 0);
    evhttp_set_timeout(service->http, QUIET_S);
    /* Of which only two are served, but all are told so. */
    evhttp_set_allowed_methods(service->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                                  EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                                  EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                                  EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    return 0;
}

static int take_sockets(struct http_service *service)
{
    for (int i = 0; i < service->socket_count; i++) {
        struct evhttp_bound_socket *bound =
            evhttp_accept_socket_with_handle(service->http, service->sockets[i]);

        if (bound == NULL)
            return -1;
        service->listeners[i] = evhttp_bound_socket_get_listener(bound);
        evconnlistener_set_error_cb(service->listeners[i], on_shortage);
    }
    return 0;
}

static void *run(void *context)
{
    struct http_service *service = context;

    event_base_dispatch(service->base);
    return NULL;
}

static int add_events(struct http_service *service, struct event_base *owner)
{
    const struct timeval second = {.tv_sec = 1};

    service->answers = event_new(service->base, service->calls.service_fd, EV_READ | EV_PERSIST,
                                 on_answers, service);
    service->second = event_new(service->base, -1, EV_PERSIST, on_second, service);
    service->questions =
        event_new(owner, service->calls.owner_fd, EV_READ | EV_PERSIST, on_questions, service);
    if (service->answers == NULL || service->second == NULL || service->questions == NULL ||
        event_add(service->answers, NULL) != 0 || event_add(service->second, &second) != 0 ||
        event_add(service->questions, NULL) != 0) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

/* Descriptors of its own are opened here, not before: a daemon forks in between. */
static int make_loop(struct http_service *service)
{
    service->base = make_base();
    if (service->base == NULL)
        return -1;
    service->has_calls = calls_init(&service->calls) == 0;
    return service->has_calls ? visitors_start(&service->visitors, service->base) : -1;
}

int http_start(struct http_service *service, struct event_base *base)
{
    int error;

    if (make_loop(service) != 0 || make_server(service) != 0 || take_sockets(service) != 0 ||
        add_events(service, base) != 0)
        return -1;
    error = thread_start(&service->thread, 0, run, service);
    if (error != 0) {
        errno = error;
        return -1;
    }
    service->is_running = true;
    calls_wake_owner(&service->calls);
    return 0;
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

/* The listeners close the sockets that they have. */
static void close_sockets(struct http_service *service)
{
    for (int i = 0; i < service->socket_count; i++) {
        if (service->listeners[i] == NULL)
            close(service->sockets[i]);
    }
}

static void end_calls(struct calls *calls)
{
    struct shared_text *text;
    struct http_call *call;

    while ((call = calls_next_answer(calls)) != NULL) {
        shared_text_drop(call->text);
        free(call);
    }
    while ((text = calls_next_returned(calls)) != NULL)
        ((struct http_returnable *)text->context)->release(text);
    calls_fini(calls);
}

void http_destroy(struct http_service *service)
{
    int saved_errno = errno;

    if (service == NULL)
        return;
    if (service->is_running) {
        atomic_store(&service->is_stopping, true);
        calls_wake_service(&service->calls);
        pthread_join(service->thread, NULL);
    }
    desk_fini(&service->desk);
    close_sockets(service);
    if (service->http != NULL)
        evhttp_free(service->http);
    free_event(service->answers);
    free_event(service->second);
    free_event(service->questions);
    visitors_fini(&service->visitors);
    if (service->has_calls)
        end_calls(&service->calls);
    if (service->base != NULL)
        event_base_free(service->base);
    free(service);
    errno = saved_errno;
}
