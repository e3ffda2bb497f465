/* What happens to locks, as events for HTTP, told when no crash can undo it. */
#ifndef FARMLOCK_HTTP_LOCK_EVENTS_H
#define FARMLOCK_HTTP_LOCK_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "event_ring.h"
#include "http.h"

struct ipclocker_server;

STAILQ_HEAD(lock_event_line, lock_event_text);

struct lock_events {
    struct ipclocker_server *server;
    struct http_service *service;
    struct event_ring ring;
    struct lock_event_line unsafe; /* that are not told yet */
    size_t unsafe_count;
};

void lock_events_init(struct lock_events *events, struct ipclocker_server *server);

/* Begins to listen to the server. */
void lock_events_start(struct lock_events *events, struct http_service *service);

/* More is safe, or what was not is lost. */
void lock_events_on_safe(struct lock_events *events, bool lost);

void lock_events_fini(struct lock_events *events);

#endif
