/* Answers that are sent bit by bit.
 * Must not know what is in them. */
#include "stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>

#include "base/buffer.h"
#include "respond.h"

enum { OK = 200, TAKE_S = 30 };

/* libevent has let go of the request where it failed, and frees it itself where it stops. */
static void on_close(struct evhttp_connection *connection, void *context)
{
    struct stream *stream = context;
    struct evhttp_request *request = stream->request;

    (void)connection;
    stream->request = NULL;
    stream->connection = NULL;
    if (request != NULL && evhttp_request_get_connection(request) == NULL)
        evhttp_send_reply_end(request);
    stream->on_gone(stream);
}

void stream_begin(struct stream *stream, struct evhttp_request *request, const char *type)
{
    /* Nothing is heard of a visitor that only reads. */
    static const struct timeval take = {.tv_sec = TAKE_S};

    stream->request = request;
    stream->connection = evhttp_request_get_connection(request);
    stream->is_head = respond_is_head(request);
    respond_add_headers(request, type, NULL);
    evhttp_connection_set_closecb(stream->connection, on_close, stream);
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(stream->connection), NULL, &take);
    evhttp_send_reply_start(request, OK, "OK");
}

static void on_written(struct evhttp_connection *connection, void *context)
{
    struct stream *stream = context;

    (void)connection;
    if (stream->request != NULL && stream->on_sent != NULL)
        stream->on_sent(stream);
}

void stream_send(struct stream *stream, struct buffer *bytes)
{
    struct evbuffer *chunk = evbuffer_new();
    bool has_more = chunk != NULL && bytes->len > 0 && !stream->is_head &&
                    evbuffer_add(chunk, bytes->data, bytes->len) == 0;

    buffer_fini(bytes);
    if (has_more)
        evhttp_send_reply_chunk_with_cb(stream->request, chunk, on_written, stream);
    if (chunk != NULL)
        evbuffer_free(chunk);
    /* libevent tells of nothing that there was nothing to send of. */
    if (!has_more)
        on_written(stream->connection, stream);
}

size_t stream_unread(const struct stream *stream)
{
    return evbuffer_get_length(
        bufferevent_get_output(evhttp_connection_get_bufferevent(stream->connection)));
}

void stream_forget(struct stream *stream)
{
    if (stream->connection != NULL)
        evhttp_connection_set_closecb(stream->connection, NULL, NULL);
}

void stream_end(struct stream *stream)
{
    static const struct timeval both = {.tv_sec = TAKE_S};
    struct evhttp_request *request = stream->request;

    stream_forget(stream);
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(stream->connection), &both, &both);
    stream->request = NULL;
    stream->connection = NULL;
    evhttp_send_reply_end(request);
}
