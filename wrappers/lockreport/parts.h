/* The time of a report in parts of equal length: hours, days, or what one likes. */
#ifndef FARMLOCK_LOCKREPORT_PARTS_H
#define FARMLOCK_LOCKREPORT_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum { PARTS_MOST = 100000, HOUR_MS = 3600 * 1000 };

/* All 0 is none. */
struct parts {
    int64_t *starts_ms; /* since 1970, and behind the last one where that ends */
    size_t count;
};

/* Divides a time into parts that begin at full hours, days and the like of local time; the first
 * and the last are shorter where the time is.  Returns -1 with errno: ENOMEM; E2BIG, there would be
 * more than PARTS_MOST. */
int parts_create(struct parts *parts, const struct span *time, int64_t step_ms);
void parts_fini(struct parts *parts);

struct span parts_get(const struct parts *parts, size_t index);

#endif
