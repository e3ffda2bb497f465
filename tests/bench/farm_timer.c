/* A binary heap of what is to happen.
 * Must not know what that is. */
#include "farm_timer.h"

#include <stdlib.h>

#include "meter.h"

static void swap(struct timer *a, struct timer *b)
{
    struct timer kept = *a;

    *a = *b;
    *b = kept;
}

void timers_add(struct timers *timers, enum timer_kind kind, uint32_t index, int64_t at_us)
{
    size_t place = timers->count++;

    if (timers->count > timers->room) {
        timers->room = timers->room == 0 ? 1024 : timers->room * 2;
        timers->heap = reallocarray(timers->heap, timers->room, sizeof *timers->heap);
        if (timers->heap == NULL)
            die("no memory for timers");
    }
    timers->heap[place] = (struct timer){.at_us = at_us, .index = index, .kind = kind};
    while (place > 0 && timers->heap[place].at_us < timers->heap[(place - 1) / 2].at_us) {
        swap(&timers->heap[place], &timers->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
}

static void sink_first(struct timers *timers)
{
    size_t place = 0;

    for (;;) {
        size_t least = place, left = 2 * place + 1, right = left + 1;

        if (left < timers->count && timers->heap[left].at_us < timers->heap[least].at_us)
            least = left;
        if (right < timers->count && timers->heap[right].at_us < timers->heap[least].at_us)
            least = right;
        if (least == place)
            return;
        swap(&timers->heap[place], &timers->heap[least]);
        place = least;
    }
}

bool timers_take_due(struct timers *timers, int64_t now_us, struct timer *out)
{
    if (timers_next_us(timers) > now_us)
        return false;
    *out = timers->heap[0];
    timers->heap[0] = timers->heap[--timers->count];
    sink_first(timers);
    return true;
}

int64_t timers_next_us(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0].at_us : INT64_MAX;
}

void timers_fini(struct timers *timers)
{
    free(timers->heap);
}
