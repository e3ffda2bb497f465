/* Numbers as Prometheus reads them: OpenMetrics 1.0, or the older text format 0.0.4.
 *
 * A family is a name, what it is, and its samples, each with labels of its own.  The two formats
 * differ in where "_total" and "_info" stand, in units, and in an end that shows that all is there.
 */
#ifndef FARMLOCK_HTTP_EXPOSITION_H
#define FARMLOCK_HTTP_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum exposition_kind {
    EXPOSITION_GAUGE,
    EXPOSITION_COUNTER,
    EXPOSITION_INFO, /* what there is to say stands in the labels */
    EXPOSITION_HISTOGRAM,
};

struct exposition {
    struct buffer *out;
    bool is_open_metrics;
    enum exposition_kind kind; /* of the family */
    const char *family;
    const char *unit;
};

struct exposition_label {
    const char *name;
    const char *value; /* any bytes */
};

/* Begins a family.  `name` ends with the unit where there is one, and otherwise lacks all that a
 * format adds. */
void exposition_begin(struct exposition *to, const char *name, enum exposition_kind kind,
                      const char *unit, const char *help);

/* A sample of a gauge, a counter or an info. */
void exposition_add(struct exposition *to, const struct exposition_label *labels, size_t count,
                    uint64_t value);

/* The same of a gauge or counter of seconds. */
void exposition_add_seconds(struct exposition *to, const struct exposition_label *labels,
                            size_t count, int64_t us);

/* Whole families: a gauge or a counter without labels; a gauge of a time. */
void exposition_gauge(struct exposition *to, const char *name, const char *help, uint64_t value);
void exposition_counter(struct exposition *to, const char *name, const char *help, uint64_t value);
void exposition_gauge_ms(struct exposition *to, const char *name, const char *help, int64_t ms);

/* A sample of a histogram: classes[N] has what was less than 2^N microseconds and in no class
 * below.  Of the limits those from 2^first on are told, every second one. */
struct exposition_times {
    const uint64_t *classes;
    size_t class_count, first, last;
    uint64_t sum_us;
};
void exposition_add_times(struct exposition *to, const struct exposition_times *times);

/* What stands behind all families. */
void exposition_end(struct exposition *to);

#endif
