/* What is to happen when, the earliest first. */
#ifndef FARMLOCK_BENCH_FARM_TIMER_H
#define FARMLOCK_BENCH_FARM_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timer_kind {
    TIMER_ARRIVE,
    TIMER_GIVE_UP,
    TIMER_KILL,
    TIMER_RELEASE,
    TIMER_TROUBLE,
    TIMER_BACK
};

struct timer {
    int64_t at_us;
    uint32_t index; /* of the job, the trouble or the node */
    enum timer_kind kind;
};

/* A heap; all zero at first. */
struct timers {
    struct timer *heap;
    size_t count, room;
};

void timers_add(struct timers *timers, enum timer_kind kind, uint32_t index, int64_t at_us);

/* Takes the earliest out where that is due; false where none is. */
bool timers_take_due(struct timers *timers, int64_t now_us, struct timer *out);

/* When the earliest is due; INT64_MAX where there is none. */
int64_t timers_next_us(const struct timers *timers);

void timers_fini(struct timers *timers);

#endif
