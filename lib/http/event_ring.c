/* The last events.
 * Must not know what they tell. */
#include "event_ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

void event_ring_init(struct event_ring *ring, uint64_t life)
{
    *ring = (struct event_ring){.first = 1, .next = 1, .life = life};
    pthread_mutex_init(&ring->lock, NULL);
}

static void drop_first(struct event_ring *ring)
{
    struct buffer *slot = &ring->slots[ring->first++ % EVENT_RING_SLOTS];

    ring->bytes -= slot->len;
    buffer_fini(slot);
}

void event_ring_fini(struct event_ring *ring)
{
    while (ring->first < ring->next)
        drop_first(ring);
    pthread_mutex_destroy(&ring->lock);
}

void event_ring_add_id(const struct event_ring *ring, uint64_t number, struct buffer *to)
{
    char text[64];

    snprintf(text, sizeof text, "id: %" PRIx64 "-%" PRIu64 "\n", ring->life, number);
    buffer_add_text(to, text);
}

bool event_ring_add(struct event_ring *ring, const char *kind, const struct buffer *data)
{
    struct buffer text = {0};

    pthread_mutex_lock(&ring->lock);
    event_ring_add_id(ring, ring->next, &text);
    buffer_add_text(&text, "event: ");
    buffer_add_text(&text, kind);
    buffer_add_text(&text, "\ndata: ");
    buffer_add(&text, data->data, data->len);
    buffer_add_text(&text, "\n\n");
    while (ring->first < ring->next && (ring->next - ring->first == EVENT_RING_SLOTS ||
                                        ring->bytes + text.len > EVENT_RING_BYTES))
        drop_first(ring);
    ring->bytes += text.len;
    ring->slots[ring->next++ % EVENT_RING_SLOTS] = text;
    pthread_mutex_unlock(&ring->lock);
    return !atomic_exchange(&ring->is_told, true);
}

bool event_ring_break(struct event_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    while (ring->first < ring->next)
        drop_first(ring);
    ring->first = ++ring->next;
    pthread_mutex_unlock(&ring->lock);
    return !atomic_exchange(&ring->is_told, true);
}

uint64_t event_ring_next(struct event_ring *ring)
{
    uint64_t next;

    pthread_mutex_lock(&ring->lock);
    next = ring->next;
    pthread_mutex_unlock(&ring->lock);
    return next;
}

uint64_t event_ring_parse(struct event_ring *ring, const char *last_id)
{
    uint64_t number, next = event_ring_next(ring);
    char life[32];
    int len = snprintf(life, sizeof life, "%" PRIx64 "-", ring->life);

    if (strncmp(last_id, life, (size_t)len) != 0 ||
        number_parse(last_id + len, INT64_MAX, &number) != 0 || number >= next)
        return 0;
    return number + 1;
}

bool event_ring_read(struct event_ring *ring, uint64_t *number, size_t most, struct buffer *to)
{
    bool is_here;

    pthread_mutex_lock(&ring->lock);
    is_here = *number >= ring->first;
    if (!is_here)
        *number = ring->next;
    for (size_t begin = to->len; *number < ring->next && to->len - begin < most; ++*number) {
        const struct buffer *slot = &ring->slots[*number % EVENT_RING_SLOTS];

        buffer_add(to, slot->data, slot->len);
    }
    pthread_mutex_unlock(&ring->lock);
    return is_here;
}
