/* Reads and writes times.
 * Must not look at a clock. */
#include "times.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

static int parse_calendar(const char *text, int64_t *time_ms)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &tm);
        int day = tm.tm_mday;
        time_t seconds;

        if (end == NULL || *end != '\0')
            continue;
        seconds = mktime(&tm);
        /* To mktime() the 30th of February is a day in March. */
        if (seconds == (time_t)-1 || tm.tm_mday != day)
            continue;
        *time_ms = (int64_t)seconds * 1000;
        return 0;
    }
    errno = EINVAL;
    return -1;
}

enum unit { DAY, WEEK, MONTH, YEAR };

/* When this unit of the calendar began, in local time, or the one so many before. */
static int64_t beginning_ms(enum unit unit, int ago, const struct tm *now)
{
    struct tm day = {.tm_year = now->tm_year, .tm_mday = 1, .tm_isdst = -1};

    if (unit == YEAR)
        day.tm_year -= ago;
    else
        day.tm_mon = unit == MONTH ? now->tm_mon - ago : now->tm_mon;
    if (unit == DAY)
        day.tm_mday = now->tm_mday - ago;
    if (unit == WEEK) /* from Monday on */
        day.tm_mday = now->tm_mday - (now->tm_wday + 6) % 7 - 7 * ago;
    return (int64_t)mktime(&day) * 1000;
}

/* The beginning of a day, week, month or year by its name; of a day of the week the last one. */
static int parse_named(const char *text, int64_t now_ms, int64_t *time_ms)
{
    static const char *const weekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                           "thursday", "friday", "saturday"};
    static const struct {
        const char *name;
        enum unit unit;
        int ago;
    } names[] = {
        {"today", DAY, 0},   {"yesterday", DAY, 1},    {"week", WEEK, 0}, {"last-week", WEEK, 1},
        {"month", MONTH, 0}, {"last-month", MONTH, 1}, {"year", YEAR, 0}, {"last-year", YEAR, 1},
    };
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm now;

    if (localtime_r(&seconds, &now) == NULL)
        return -1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i].name) == 0) {
            *time_ms = beginning_ms(names[i].unit, names[i].ago, &now);
            return 0;
        }
    }
    for (int i = 0; i < 7; i++) {
        if (strcmp(text, weekdays[i]) == 0) {
            *time_ms = beginning_ms(DAY, (now.tm_wday - i + 7) % 7, &now);
            return 0;
        }
    }
    return -1;
}

int report_parse_time(const char *text, int64_t now_ms, int64_t *time_ms)
{
    uint64_t seconds;
    int64_t ago_ms;

    if (parse_named(text, now_ms, time_ms) == 0)
        return 0;
    if (text[0] == '@') {
        if (number_parse(text + 1, UINT32_MAX * UINT64_C(100), &seconds) != 0)
            return -1;
        *time_ms = (int64_t)seconds * 1000;
        return 0;
    }
    if (number_parse_time(text, INT32_MAX * INT64_C(1000), &ago_ms) == 0 &&
        strpbrk(text, "smhd") != NULL) {
        *time_ms = now_ms - ago_ms;
        return 0;
    }
    return parse_calendar(text, time_ms);
}

void report_format_time(char text[REPORT_TIME_SIZE], int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL ||
        strftime(text, REPORT_TIME_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        snprintf(text, REPORT_TIME_SIZE, "@%" PRId64, time_ms / 1000);
}
