/* Lengths of time, summed up.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_LENGTHS_H
#define FARMLOCK_LOCKREPORT_LENGTHS_H

#include <stddef.h>
#include <stdint.h>

/* Half of them, nine of ten, and all were no longer than that; 0 where there are none. */
struct lengths {
    int64_t median_ms, p90_ms, longest_ms;
};

/* Which of so many, the shortest being the first, that is: the nearest rank. */
size_t lengths_median_rank(size_t count);
size_t lengths_p90_rank(size_t count);

/* By the nearest rank: the smallest that so many do not exceed.  Sorts them. */
struct lengths lengths_of(int64_t *lengths_ms, size_t count);

#endif
