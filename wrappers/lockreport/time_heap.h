/* What goes on at an instant, going back in time: the next to be left is what began last.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_TIME_HEAP_H
#define FARMLOCK_LOCKREPORT_TIME_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct timed {
    int64_t from_ms;  /* when it began */
    int64_t asked_ms; /* of a hold: when it was asked for */
    uint64_t token;   /* of a hold: its grant, or 0 */
};

/* A binary heap (Williams 1964).  All 0 is empty. */
struct time_heap {
    struct timed
        *items; /* the first one began last; of those of one instant, with the highest token */
    size_t count, room;
};

/* O(log n).  Returns -1 with errno ENOMEM. */
int time_heap_push(struct time_heap *heap, const struct timed *item);

/* Takes away the first one, which must be there.  O(log n). */
struct timed time_heap_pop(struct time_heap *heap);

/* When the first one began; INT64_MIN: there is none. */
int64_t time_heap_first_ms(const struct time_heap *heap);

void time_heap_fini(struct time_heap *heap);

#endif
