/* /events: who follows what happens. */
#ifndef FARMLOCK_HTTP_EVENT_STREAM_H
#define FARMLOCK_HTTP_EVENT_STREAM_H

#include <sys/queue.h>

#include "event_ring.h"

struct evhttp_request;

LIST_HEAD(event_streams, event_stream);

struct event_desk {
    struct event_ring *ring; /* NULL: there are no events here */
    struct event_streams streams;
    unsigned count;
};

/* Answers a request for them, and for as long as the visitor stays.  Returns whether it does. */
bool event_stream_begin(struct event_desk *desk, struct evhttp_request *request);

/* Tells all of what has come. */
void event_stream_deliver(struct event_desk *desk);

/* Shows that the server is there to those who have heard nothing for long.  To be called each
 * second. */
void event_stream_sweep(struct event_desk *desk);

/* Nobody is answered any more. */
void event_stream_stop(struct event_desk *desk);

#endif
