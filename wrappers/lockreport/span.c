/* Spans within one another.
 * Must not look at a clock. */
#include "span.h"

bool span_has(const struct span *span, int64_t time_ms)
{
    return time_ms >= span->from_ms && time_ms < span->to_ms;
}

bool span_touches(const struct span *span, const struct span *within)
{
    return span->from_ms <= span->to_ms && span->from_ms < within->to_ms &&
           span->to_ms >= within->from_ms;
}

struct span span_within(const struct span *span, const struct span *within)
{
    struct span part = *span;

    if (part.from_ms < within->from_ms)
        part.from_ms = within->from_ms;
    if (part.to_ms > within->to_ms)
        part.to_ms = within->to_ms;
    return part;
}
