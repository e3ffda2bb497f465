/* Requests and their answers: which path is what, and who waits for which text. */
#ifndef FARMLOCK_HTTP_DESK_H
#define FARMLOCK_HTTP_DESK_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "calls.h"
#include "event_stream.h"
#include "past_stream.h"
#include "visitors.h"

struct evhttp_request;

TAILQ_HEAD(exchange_list, exchange);

/* Texts of one kind: those who ask while the owner is asked have one answer. */
struct shelf {
    struct exchange_list waiting;
    bool is_asked;
    struct shared_text *fresh; /* the last one, as long as it may be given to the next; or NULL */
    int status;
    int64_t made_ms;
};

enum { DESK_SHELVES = 4 };

struct desk {
    const struct http_source *source;
    struct http_service *service;
    struct calls *calls;
    struct visitors *visitors;
    atomic_bool *is_heard; /* the owner's loop runs */
    const char *const *names;
    size_t name_count;
    struct shelf shelves[DESK_SHELVES];
    pthread_mutex_t page_lock; /* of the next */
    struct shared_text *page;  /* NULL: there is none */
    atomic_uint lists;         /* copies of the list that somebody reads */
    struct past_desk past;
    struct event_desk events;
    atomic_ullong requests, refused;
};

void desk_init(struct desk *desk);

/* Takes a page, in any thread. */
void desk_set_page(struct desk *desk, struct shared_text *page);

/* For evhttp_set_gencb(). */
void desk_on_request(struct evhttp_request *request, void *desk);

/* Takes the answers that have come. */
void desk_take_answers(struct desk *desk);

/* Tells those who waited too long for the owner.  To be called each second. */
void desk_sweep(struct desk *desk);

/* Nobody is answered any more: the connections are closed behind this. */
void desk_fini(struct desk *desk);

#endif
