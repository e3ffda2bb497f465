/* What a lock server shows by HTTP, made in the server's loop in slices of a millisecond.
 * Must not wait, nor work longer than a slice at what grows with the table. */
#include "lock_source.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "list_source.h"
#include "lock_events.h"
#include "lock_metrics.h"
#include "past_source.h"
#include "server/figures.h"
#include "server/onlooker.h"
#include "shared_text.h"
#include "user_metrics.h"

enum { SLICE_US = 1000, OK = 200, UNAVAILABLE = 503 };

STAILQ_HEAD(lock_calls, http_call);

struct lock_source {
    struct ipclocker_server *server;
    struct http_service *service;
    struct event *go_on;
    struct lock_calls for_metrics;
    struct lock_metrics metrics;
    struct user_metrics users;
    bool tells_users;
    struct list_source list;
    struct past_source past;
    struct lock_events events;
};

static void answer_health(struct lock_source *source, struct http_call *call)
{
    const char *trouble = figures_trouble(source->server);

    http_answer(call, trouble == NULL ? OK : UNAVAILABLE,
                shared_text_of_line(trouble == NULL ? "ok" : trouble));
}

static void answer_metrics(struct lock_source *source, struct http_call *call)
{
    struct buffer text = {0};
    struct http_stats stats;

    http_stats(source->service, &stats);
    lock_metrics_write(&source->metrics, source->server,
                       source->tells_users ? &source->users : NULL, &stats, call->is_open_metrics,
                       &text);
    http_answer(call, OK, shared_text_take(&text));
}

/* Others have their turn in between: the loop looks for what has come before it calls. */
static void on_go_on(evutil_socket_t fd, short events, void *context)
{
    static const struct timeval at_once = {0};
    struct lock_source *source = context;
    const int64_t until_us = clock_now_us() + SLICE_US;
    struct http_call *call;

    (void)fd;
    (void)events;
    if (!lock_metrics_gather(&source->metrics, source->server, until_us) ||
        (source->tells_users && !user_metrics_gather(&source->users, source->server, until_us))) {
        event_add(source->go_on, &at_once);
        return;
    }
    while ((call = STAILQ_FIRST(&source->for_metrics)) != NULL) {
        STAILQ_REMOVE_HEAD(&source->for_metrics, queue);
        answer_metrics(source, call);
    }
    lock_metrics_fini(&source->metrics);
}

static void answer(void *context, struct http_call *call)
{
    static const struct timeval at_once = {0};
    struct lock_source *source = context;

    switch (call->what) {
    case HTTP_METRICS:
        STAILQ_INSERT_TAIL(&source->for_metrics, call, queue);
        event_add(source->go_on, &at_once);
        break;
    case HTTP_LIST:
        list_source_answer(&source->list, call);
        break;
    case HTTP_PAST:
        past_source_answer(&source->past, call);
        break;
    case HTTP_HEALTH:
    default:
        answer_health(source, call);
        break;
    }
}

struct lock_source *lock_source_create(struct ipclocker_server *server)
{
    struct lock_source *source = calloc(1, sizeof *source);

    if (source == NULL)
        return NULL;
    source->server = server;
    source->past.server = server;
    lock_events_init(&source->events, server);
    STAILQ_INIT(&source->for_metrics);
    return source;
}

void lock_source_tell_users(struct lock_source *source)
{
    source->tells_users = true;
}

struct http_source lock_source_of_http(struct lock_source *source)
{
    return (struct http_source){.answer = answer,
                                .context = source,
                                .events = &source->events.ring,
                                .has = 1U << HTTP_HEALTH | 1U << HTTP_METRICS | 1U << HTTP_LIST |
                                       1U << HTTP_PAST};
}

static void on_safe(void *context, bool lost)
{
    struct lock_source *source = context;

    list_source_on_safe(&source->list, lost);
    lock_events_on_safe(&source->events, lost);
}

int lock_source_start(struct lock_source *source, struct http_service *service,
                      struct event_base *base)
{
    source->service = service;
    source->go_on = evtimer_new(base, on_go_on, source);
    if (source->go_on != NULL && list_source_start(&source->list, source->server, base) == 0) {
        onlooker_set_safe(source->server, on_safe, source);
        lock_events_start(&source->events, service);
        return 0;
    }
    errno = ENOMEM;
    return -1;
}

void lock_source_destroy(struct lock_source *source)
{
    struct http_call *call;

    if (source == NULL)
        return;
    while ((call = STAILQ_FIRST(&source->for_metrics)) != NULL) {
        STAILQ_REMOVE_HEAD(&source->for_metrics, queue);
        free(call);
    }
    lock_metrics_fini(&source->metrics);
    user_metrics_fini(&source->users);
    onlooker_set_safe(source->server, NULL, NULL);
    list_source_fini(&source->list);
    past_source_fini(&source->past);
    lock_events_fini(&source->events);
    if (source->go_on != NULL)
        event_free(source->go_on);
    free(source);
}
