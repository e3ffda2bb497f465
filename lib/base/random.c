/* getrandom(2).
 * Must not keep anything between calls: a fork(2) would repeat it. */
#include "random.h"

#include <sys/random.h>
#include <time.h>

/* The clock, stirred with the multiplier of Knuth's MMIX: better poor numbers than none. */
static void fill_poorly(unsigned char *out, size_t len)
{
    struct timespec now;
    uint64_t state;

    clock_gettime(CLOCK_REALTIME, &now);
    state = ((uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec) + (uintptr_t)out;
    while (len-- > 0) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        out[len] = (unsigned char)(state >> 56);
    }
}

void random_fill(void *out, size_t len)
{
    if (getrandom(out, len, 0) != (ssize_t)len)
        fill_poorly(out, len);
}

uint64_t random_u64(void)
{
    uint64_t number;

    random_fill(&number, sizeof number);
    return number;
}
