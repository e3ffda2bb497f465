/* The last events, as text of server-sent events (WHATWG HTML, "Server-sent events"): written in
 * one thread, read in another.  The oldest go when there are too many.
 */
#ifndef FARMLOCK_HTTP_EVENT_RING_H
#define FARMLOCK_HTTP_EVENT_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum { EVENT_RING_SLOTS = 4096, EVENT_RING_BYTES = 2 << 20 };

struct event_ring {
    pthread_mutex_t lock;
    struct buffer slots[EVENT_RING_SLOTS];
    uint64_t first, next; /* numbers of events: the oldest that is here, the one to come */
    size_t bytes;
    uint64_t life;       /* of the process: numbers of another mean nothing */
    atomic_bool is_told; /* whoever reads has been woken */
};

void event_ring_init(struct event_ring *ring, uint64_t life);
void event_ring_fini(struct event_ring *ring);

/* Adds one, of which `data` is one line.  Returns whether whoever reads is to be woken. */
bool event_ring_add(struct event_ring *ring, const char *kind, const struct buffer *data);

/* Forgets all: whoever has heard of one before is told that something is missing. */
bool event_ring_break(struct event_ring *ring);

/* The number of the next one; that which follows the event that a Last-Event-ID names, 0 where it
 * cannot be told. */
uint64_t event_ring_next(struct event_ring *ring);
uint64_t event_ring_parse(struct event_ring *ring, const char *last_id);

/* Adds the events from *number on, as far as they fit in `most` bytes and at least one, and moves
 * *number on.  Returns false where that event is gone: then *number is the next one. */
bool event_ring_read(struct event_ring *ring, uint64_t *number, size_t most, struct buffer *to);

/* Adds the lines that say which event a visitor has heard of last, but for their end. */
void event_ring_add_id(const struct event_ring *ring, uint64_t number, struct buffer *to);

#endif
