/* The list for HTTP, in the server's loop.
 * Must not have it made more than a fifth of the time, whoever asks. */
#include "list_source.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/figures.h"
#include "server/onlooker.h"
#include "shared_text.h"

enum { OK = 200, NOT_MODIFIED = 304, UNAVAILABLE = 503, REST_FACTOR = 4 };

/* A list, from when it is asked for until the thread of HTTP has copied it. */
struct list_text {
    struct http_returnable back; /* first: see http_return_text() */
    struct shared_text text;
    struct onlooker onlooker;
    struct list_source *source; /* NULL: it is being made no more */
};

static void release(struct shared_text *text)
{
    struct list_text *list = text->context;

    onlooker_let_go(&list->onlooker);
    free(list);
}

static void write_tag(char tag[SHARED_TEXT_TAG_SIZE], const struct ipclocker_server *server,
                      uint64_t version)
{
    snprintf(tag, SHARED_TEXT_TAG_SIZE, "%" PRIx64 "-%" PRIx64,
             (uint64_t)onlooker_started_ms(server), version);
}

static void answer_all(struct list_source *source, int status, struct shared_text *text)
{
    struct http_call *call;

    while ((call = STAILQ_FIRST(&source->waiting)) != NULL) {
        STAILQ_REMOVE_HEAD(&source->waiting, queue);
        http_answer(call, status, text != NULL ? shared_text_keep(text) : NULL);
    }
    shared_text_drop(text);
}

/* `why` there is no list; NULL: there is no memory. */
static void answer_none(struct list_source *source, const char *why)
{
    answer_all(source, UNAVAILABLE, why != NULL ? shared_text_of_line(why) : NULL);
}

/* Nobody is to hear of what a crash could undo. */
static void tell(struct list_source *source)
{
    struct list_text *list = source->making;

    if (list == NULL || list->text.bytes == NULL ||
        !onlooker_is_safe(source->server, list->onlooker.mark))
        return;
    source->making = NULL;
    list->source = NULL;
    source->not_before_ms = clock_now_ms() + REST_FACTOR * (clock_now_ms() - source->began_ms);
    answer_all(source, OK, &list->text);
}

static void on_list(struct onlooker *onlooker, const char *bytes, size_t len)
{
    struct list_text *list = onlooker->context;
    struct list_source *source = list->source;

    list->text.bytes = bytes;
    list->text.len = len;
    write_tag(list->text.tag, source->server, onlooker->version);
    if (bytes != NULL) {
        tell(source);
        return;
    }
    source->making = NULL;
    release(&list->text);
    answer_none(source, onlooker_stands_by(source->server)); /* which ends a list, too */
}

static void begin(struct list_source *source, struct http_service *service)
{
    const char *elsewhere = onlooker_stands_by(source->server); /* since they have asked */
    struct list_text *list = elsewhere == NULL ? calloc(1, sizeof *list) : NULL;

    if (list == NULL) {
        answer_none(source, elsewhere);
        return;
    }
    atomic_init(&list->text.users, 1);
    list->back = (struct http_returnable){.service = service, .release = release};
    list->text.release = http_return_text;
    list->text.context = list;
    list->onlooker.on_list = on_list;
    list->onlooker.context = list;
    list->source = source;
    source->making = list;
    source->began_ms = clock_now_ms();
    if (onlooker_ask_list(source->server, &list->onlooker) == 0)
        return;
    source->making = NULL;
    free(list);
    answer_none(source, NULL);
}

static void begin_when_due(struct list_source *source, struct http_service *service)
{
    int64_t wait_ms = source->not_before_ms - clock_now_ms();
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000L};

    if (source->making != NULL)
        return;
    if (wait_ms > 0)
        event_add(source->again, &wait);
    else
        begin(source, service);
}

static void on_again(evutil_socket_t fd, short events, void *context)
{
    struct list_source *source = context;
    const struct http_call *first = STAILQ_FIRST(&source->waiting);

    (void)fd;
    (void)events;
    if (first != NULL)
        begin_when_due(source, first->service);
}

void list_source_answer(struct list_source *source, struct http_call *call)
{
    const char *elsewhere = onlooker_stands_by(source->server);
    char now[SHARED_TEXT_TAG_SIZE];

    if (elsewhere != NULL) {
        http_answer(call, UNAVAILABLE, shared_text_of_line(elsewhere));
        return;
    }
    write_tag(now, source->server, onlooker_version(source->server));
    if (strcmp(call->known, now) == 0) {
        http_answer(call, NOT_MODIFIED, NULL);
        return;
    }
    STAILQ_INSERT_TAIL(&source->waiting, call, queue);
    begin_when_due(source, call->service);
}

/* A list that is half made would go on with another table. */
void list_source_on_safe(struct list_source *source, bool lost)
{
    struct list_text *list = source->making;

    if (!lost || list == NULL) {
        tell(source);
        return;
    }
    source->making = NULL;
    release(&list->text);
    answer_none(source, figures_trouble(source->server));
}

int list_source_start(struct list_source *source, struct ipclocker_server *server,
                      struct event_base *base)
{
    source->server = server;
    source->again = evtimer_new(base, on_again, source);
    STAILQ_INIT(&source->waiting);
    if (source->again != NULL)
        return 0;
    errno = ENOMEM;
    return -1;
}

void list_source_fini(struct list_source *source)
{
    struct http_call *call;

    if (source->again == NULL)
        return;
    event_free(source->again);
    if (source->making != NULL)
        release(&source->making->text);
    while ((call = STAILQ_FIRST(&source->waiting)) != NULL) {
        STAILQ_REMOVE_HEAD(&source->waiting, queue);
        free(call);
    }
}
