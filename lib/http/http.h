/* HTTP for programs of this package: what they show to people and monitoring, read only.
 *
 * A service is a thread of its own with libevent's HTTP server.  Whatever visitors send or leave
 * unread costs that thread, and none of its owner's; the owner is asked for texts, one at a time of
 * each kind, which are shared by all who want them.
 *
 * GET and HEAD are all that it knows, and a request has no body.  A request whose Host is none of
 * this machine's is refused, so that a page of a stranger that has its own name lead here
 * (DNS rebinding) learns nothing.
 */
#ifndef FARMLOCK_HTTP_HTTP_H
#define FARMLOCK_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct event_ring;
struct http_service;
struct shared_text;

enum http_what { HTTP_HEALTH, HTTP_METRICS, HTTP_LIST, HTTP_PAST, HTTP_WHATS };

/* What the owner is asked for, and its answer. */
struct http_call {
    enum http_what what;
    bool is_open_metrics; /* of METRICS: the text is to be OpenMetrics, not Prometheus' older one */
    char known[64];       /* of LIST: the tag of the one that is here already; "": none is */
    bool is_span;         /* of PAST: the next is a time before now, and both are worked out */
    int64_t since_ms;     /* what ended at or after that, since 1970, */
    int64_t until_ms;     /* and was asked for before; 0: now */
    uint64_t after;       /* 0, or `next` of the answer before */
    size_t limit;         /* entries at a time */

    int status;               /* of HTTP; 304 where LIST is as it was */
    struct shared_text *text; /* NULL: there is no memory */
    uint64_t next;            /* of PAST: where it goes on; 0: that was all */

    struct http_service *service; /* the service's own, like the next */
    void *asker;
    STAILQ_ENTRY(http_call) queue;
};

/* Whose texts they are. */
struct http_source {
    /* Called in the owner's loop.  Answers now or later, by http_answer(). */
    void (*answer)(void *context, struct http_call *call);
    void *context;
    const char *about;         /* the program's name, for people */
    struct event_ring *events; /* of what happens; NULL: nothing is told */
    unsigned has;              /* a bit of each `what` that it answers */
};

/* Makes a service that listens nowhere yet.  NULL with errno. */
struct http_service *http_create(const struct http_source *source);

/* Opens sockets at "ADDRESS:PORT", where the address may be a name, [::1], or * for all of this
 * machine, or be left out, which is loopback.  Port 0 takes a free one.  May be called several
 * times before the start.  Returns 0; or -1 with errno, EINVAL for a text that is none, and a line
 * in `error`. */
enum { HTTP_ERROR_SIZE = 300 };
int http_listen(struct http_service *service, const char *where, char error[HTTP_ERROR_SIZE]);

/* Whether a text can be given to http_listen(), as far as that is seen without asking a name. */
bool http_is_place(const char *where);

/* The port of the first socket. */
uint16_t http_port(const struct http_service *service);

/* Whether others than this machine can come. */
bool http_is_exposed(const struct http_service *service);

/* By what names it may be asked for, beside addresses and those of this machine.  `names` live as
 * long as the service.  Before the start. */
void http_set_names(struct http_service *service, const char *const *names, size_t count);

/* Whom to serve, by address, as of ipclocker_server_set_allow(): at any time.  -1 with errno. */
int http_set_allow(struct http_service *service, const char *const *ranges, size_t count);

/* Reads the file of the page that is shown at "/", in place of the one before: at any time. Blocks.
 * -1 with errno, and the one before stays. */
int http_set_page(struct http_service *service, const char *path);

/* Begins to serve, from a thread; until the owner's loop runs /healthz says that it is loading.
 * Takes the calls in the loop of `base`.  -1 with errno. */
int http_start(struct http_service *service, struct event_base *base);

/* Answers a call with `text`, of which it takes one use. */
void http_answer(struct http_call *call, int status, struct shared_text *text);

/* To be `release` of a text that has to be released in the owner's thread: `text->context` is a
 * struct http_returnable. */
struct http_returnable {
    struct http_service *service;
    void (*release)(struct shared_text *text); /* called in the owner's loop */
};
void http_return_text(struct shared_text *text);

/* There are events that were not there: to be called where event_ring_add() says so. */
void http_has_events(struct http_service *service);

/* What it has done since its creation; in any thread. */
struct http_stats {
    uint64_t accepted, turned_away; /* connections */
    uint64_t requests, refused;     /* with an error of the client's */
    unsigned visitors;              /* connections now */
};
void http_stats(const struct http_service *service, struct http_stats *stats);

/* Stops the thread, closes everything and frees it.  What was returned is released.  NULL is
 * allowed. */
void http_destroy(struct http_service *service);

#endif
