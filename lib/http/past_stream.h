/* /history.json: the history, part by part, as fast as its visitor reads. */
#ifndef FARMLOCK_HTTP_PAST_STREAM_H
#define FARMLOCK_HTTP_PAST_STREAM_H

#include <sys/queue.h>

#include "calls.h"

struct evhttp_request;

LIST_HEAD(past_streams, past_stream);

/* All 0 but for what it is to use. */
struct past_desk {
    struct http_service *service;
    struct calls *calls;
    struct past_streams streams;
    unsigned count;
};

/* Answers a request for it. */
void past_stream_begin(struct past_desk *desk, struct evhttp_request *request);

/* Takes an answer to a call that was asked for one. */
void past_stream_take(struct past_desk *desk, struct http_call *call);

/* Nobody is answered any more. */
void past_stream_stop(struct past_desk *desk);

#endif
