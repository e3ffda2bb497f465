/* Adds spans up, part by part.
 * Must not look at what is outside of them. */
#include "series.h"

#include <stddef.h>

/* The part that a time is in, or the first one behind it. */
static size_t find_part(const struct parts *parts, int64_t time_ms)
{
    size_t low = 0, high = parts->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (parts->starts_ms[middle + 1] <= time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void series_add(double *sums_ms, const struct parts *parts, const struct span *span)
{
    for (size_t i = find_part(parts, span->from_ms); i < parts->count; i++) {
        const struct span part = parts_get(parts, i), common = span_within(span, &part);

        if (part.from_ms >= span->to_ms)
            return;
        sums_ms[i] += (double)(common.to_ms - common.from_ms);
    }
}

void series_divide(double *sums_ms, const struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct span part = parts_get(parts, i);

        sums_ms[i] /= (double)(part.to_ms - part.from_ms);
    }
}
