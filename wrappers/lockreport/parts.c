/* Divides a time.
 * Must not look at a clock. */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { DAY_MS = 24 * HOUR_MS };

/* The first midnight at or behind a time, and so many days on. */
static int64_t midnight_behind(int64_t time_ms, int64_t days)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL)
        return time_ms + days * DAY_MS;
    tm.tm_mday += (int)days;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000;
}

/* Days are not all of 24 hours. */
static int64_t next_start(int64_t time_ms, int64_t step_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    int64_t local_ms;

    if (step_ms % DAY_MS == 0)
        return midnight_behind(time_ms, step_ms / DAY_MS);
    if (localtime_r(&seconds, &tm) == NULL)
        return time_ms + step_ms;
    local_ms = time_ms + (int64_t)tm.tm_gmtoff * 1000;
    return time_ms + step_ms - local_ms % step_ms;
}

int parts_create(struct parts *parts, const struct span *time, int64_t step_ms)
{
    size_t most = (size_t)((time->to_ms - time->from_ms) / step_ms) + 3;
    int64_t start_ms = time->from_ms;

    if (most > PARTS_MOST) {
        errno = E2BIG;
        return -1;
    }
    /* A day of 23 hours makes one more of them. */
    parts->starts_ms = calloc(most + most / 24 + 1, sizeof *parts->starts_ms);
    if (parts->starts_ms == NULL)
        return -1;
    while (start_ms < time->to_ms) {
        parts->starts_ms[parts->count++] = start_ms;
        start_ms = next_start(start_ms, step_ms);
    }
    parts->starts_ms[parts->count] = time->to_ms;
    return 0;
}

void parts_fini(struct parts *parts)
{
    free(parts->starts_ms);
    *parts = (struct parts){0};
}

struct span parts_get(const struct parts *parts, size_t index)
{
    return (struct span){.from_ms = parts->starts_ms[index], .to_ms = parts->starts_ms[index + 1]};
}
