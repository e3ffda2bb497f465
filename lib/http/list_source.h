/* The JSON list of a lock server, for HTTP: made when somebody asks and it has changed. */
#ifndef FARMLOCK_HTTP_LIST_SOURCE_H
#define FARMLOCK_HTTP_LIST_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http.h"

struct event;
struct event_base;
struct ipclocker_server;
struct list_text;

STAILQ_HEAD(list_calls, http_call);

/* All 0 before the start. */
struct list_source {
    struct ipclocker_server *server;
    struct event *again;
    struct list_calls waiting;
    struct list_text *making; /* NULL: none is */
    int64_t began_ms, not_before_ms;
};

/* -1 with errno ENOMEM. */
int list_source_start(struct list_source *source, struct ipclocker_server *server,
                      struct event_base *base);

/* Answers a call for the list, now or later. */
void list_source_answer(struct list_source *source, struct http_call *call);

/* The state has been written: what waited for that is answered; or `lost`: that it cannot be. */
void list_source_on_safe(struct list_source *source, bool lost);

void list_source_fini(struct list_source *source);

#endif
