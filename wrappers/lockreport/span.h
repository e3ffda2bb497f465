/* Parts of time, in milliseconds since 1970.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_SPAN_H
#define FARMLOCK_LOCKREPORT_SPAN_H

#include <stdbool.h>
#include <stdint.h>

struct span {
    int64_t from_ms, to_ms;
};

/* Whether a time is in it; the end is not. */
bool span_has(const struct span *span, int64_t time_ms);

/* Whether one has a part in the other; one that ends as that begins is counted. */
bool span_touches(const struct span *span, const struct span *within);

/* The part of a span that is within another one, which it touches. */
struct span span_within(const struct span *span, const struct span *within);

#endif
