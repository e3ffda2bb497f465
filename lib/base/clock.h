/* Clocks. */
#ifndef FARMLOCK_BASE_CLOCK_H
#define FARMLOCK_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* For deadlines: nobody sets it. */
static inline int64_t clock_now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* The same, in microseconds. */
static inline int64_t clock_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* For people, since 1970: it may be set. */
static inline int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

#endif
