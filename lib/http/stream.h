/* An answer of HTTP that is sent bit by bit. */
#ifndef FARMLOCK_HTTP_STREAM_H
#define FARMLOCK_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct evhttp_connection;
struct evhttp_request;

/* Its owner's; all 0 before it begins. */
struct stream {
    struct evhttp_request *request;
    struct evhttp_connection *connection;
    /* The visitor is gone, and the stream with it. */
    void (*on_gone)(struct stream *stream);
    /* What was sent is on its way: more may be.  May be NULL. */
    void (*on_sent)(struct stream *stream);
    bool is_head; /* only its headers are wanted */
};

/* Sends the headers.  The stream stays where it is until it has ended or is gone. */
void stream_begin(struct stream *stream, struct evhttp_request *request, const char *type);

/* Sends bytes, and empties the buffer. */
void stream_send(struct stream *stream, struct buffer *bytes);

/* How much of it is still to be taken by the visitor. */
size_t stream_unread(const struct stream *stream);

/* That was all. */
void stream_end(struct stream *stream);

/* Nobody is to be told when it is gone. */
void stream_forget(struct stream *stream);

#endif
