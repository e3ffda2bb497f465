/* The ranks of lengths of time.
 * Must not invent one that did not occur. */
#include "lengths.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

size_t lengths_median_rank(size_t count)
{
    return (count + 1) / 2;
}

size_t lengths_p90_rank(size_t count)
{
    return (count * 9 + 9) / 10;
}

struct lengths lengths_of(int64_t *lengths_ms, size_t count)
{
    if (count == 0)
        return (struct lengths){0};
    qsort(lengths_ms, count, sizeof *lengths_ms, compare);
    return (struct lengths){
        .median_ms = lengths_ms[lengths_median_rank(count) - 1],
        .p90_ms = lengths_ms[lengths_p90_rank(count) - 1],
        .longest_ms = lengths_ms[count - 1],
    };
}
