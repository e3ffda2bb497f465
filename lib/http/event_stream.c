/* Who follows what happens.
 * Must not keep more for a visitor than it may leave unread. */
#include "event_stream.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "respond.h"
#include "stream.h"

enum {
    FOLLOWERS_MOST = 128,
    PART_BYTES = 64 * 1024,
    UNREAD_MOST =
        512 * 1024, /* bytes, before it is shown out: it is told again what is here still */
    BEAT_MS = 15000,
    UNAVAILABLE = 503,
};

struct event_stream {
    struct stream stream; /* first */
    struct event_desk *desk;
    uint64_t next;
    int64_t told_ms;
    LIST_ENTRY(event_stream) all;
};

static void on_gone(struct stream *stream)
{
    struct event_stream *follower = (struct event_stream *)(void *)stream;

    LIST_REMOVE(follower, all);
    follower->desk->count--;
    free(follower);
}

static void add_reset(struct event_stream *follower, struct buffer *text)
{
    event_ring_add_id(follower->desk->ring, follower->next - 1, text);
    buffer_add_text(text, "event: reset\ndata: {}\n\n");
}

/* What waits to be read is told when there is room: on_sent() comes back. */
static void tell(struct event_stream *follower)
{
    struct buffer text = {0};

    if (stream_unread(&follower->stream) > UNREAD_MOST) {
        shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(follower->stream.connection)),
                 SHUT_RDWR);
        return;
    }
    if (!event_ring_read(follower->desk->ring, &follower->next, PART_BYTES, &text))
        add_reset(follower, &text);
    if (text.len == 0)
        return;
    follower->told_ms = clock_now_ms();
    stream_send(&follower->stream, &text);
}

static void on_sent(struct stream *stream)
{
    struct event_stream *follower = (struct event_stream *)(void *)stream;

    if (follower->next < event_ring_next(follower->desk->ring))
        tell(follower);
}

void event_stream_deliver(struct event_desk *desk)
{
    struct event_stream *follower, *next;

    if (desk->ring == NULL)
        return;
    atomic_store(&desk->ring->is_told, false);
    for (follower = LIST_FIRST(&desk->streams); follower != NULL; follower = next) {
        next = LIST_NEXT(follower, all);
        tell(follower);
    }
}

/* From the last one that it has heard of, if it says so. */
static void greet(struct event_stream *follower, const char *last_id)
{
    uint64_t from = last_id != NULL ? event_ring_parse(follower->desk->ring, last_id) : 0;
    struct buffer text = {0};

    follower->next = from != 0 ? from : event_ring_next(follower->desk->ring);
    follower->told_ms = clock_now_ms();
    buffer_add_text(&text, "retry: 2000\n");
    event_ring_add_id(follower->desk->ring, follower->next - 1, &text);
    buffer_add_text(&text, "\n");
    if (last_id != NULL && from == 0)
        add_reset(follower, &text);
    stream_send(&follower->stream, &text);
}

bool event_stream_begin(struct event_desk *desk, struct evhttp_request *request)
{
    struct event_stream *follower = desk->count < FOLLOWERS_MOST && !respond_is_head(request)
                                        ? calloc(1, sizeof *follower)
                                        : NULL;

    if (follower == NULL) {
        respond_line(request, UNAVAILABLE, "too many follow the events; try again later");
        return false;
    }
    follower->desk = desk;
    follower->stream.on_gone = on_gone;
    follower->stream.on_sent = on_sent;
    LIST_INSERT_HEAD(&desk->streams, follower, all);
    desk->count++;
    stream_begin(&follower->stream, request, "text/event-stream");
    greet(follower, evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID"));
    return true;
}

void event_stream_sweep(struct event_desk *desk)
{
    int64_t now_ms = clock_now_ms();
    struct event_stream *follower, *next;

    for (follower = LIST_FIRST(&desk->streams); follower != NULL; follower = next) {
        struct buffer text = {0};

        next = LIST_NEXT(follower, all);
        if (now_ms - follower->told_ms < BEAT_MS)
            continue;
        follower->told_ms = now_ms;
        buffer_add_text(&text, ":\n\n");
        stream_send(&follower->stream, &text);
    }
}

void event_stream_stop(struct event_desk *desk)
{
    struct event_stream *follower;

    while ((follower = LIST_FIRST(&desk->streams)) != NULL) {
        stream_forget(&follower->stream);
        on_gone(&follower->stream);
    }
}
