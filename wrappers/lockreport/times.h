/* Times as people write and read them. */
#ifndef FARMLOCK_LOCKREPORT_TIMES_H
#define FARMLOCK_LOCKREPORT_TIMES_H

#include <stdint.h>

/* Parses a time: "2026-11-22", "2026-11-22T17:30", with ":SS", in local time; "@SECONDS" since
 * 1970; how long before `now_ms`: "90d", "12h", "30m"; or the beginning of a part of the calendar:
 * "today", "yesterday", "monday" (the last one), "week", "last-week", "month", "last-month",
 * "year", "last-year".  Returns -1 with errno EINVAL.
 */
int report_parse_time(const char *text, int64_t now_ms, int64_t *time_ms);

enum { REPORT_TIME_SIZE = 64 };

/* Writes a time as people read it, "2026-11-22 17:30:00 CET", in local time. */
void report_format_time(char text[REPORT_TIME_SIZE], int64_t time_ms);

#endif
