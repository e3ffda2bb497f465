/* A report for people, spreadsheets and programs, and the times in it. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_H
#define FARMLOCK_LOCKREPORT_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report.h"

/* Parses a time: "2026-11-22", "2026-11-22T17:30", with ":SS", in local time; "@SECONDS" since
 * 1970; or how long before `now_ms`: "90d", "12h", "30m".  Returns -1 with errno EINVAL.
 */
int report_parse_time(const char *text, int64_t now_ms, int64_t *time_ms);

enum { REPORT_TIME_SIZE = 64 };

/* Writes a time as people read it, "2026-11-22 17:30:00 CET", in local time. */
void report_format_time(char text[REPORT_TIME_SIZE], int64_t time_ms);

struct report_screen {
    size_t columns; /* 0: as many as it takes */
    bool utf8;      /* it shows block characters */
};

/* A table with a plot, for people.  The plot is left out where it does not fit.  Returns -1 with
 * errno ENOMEM. */
int report_print_table(struct report *report, const struct report_group *groups, size_t count,
                       const struct report_screen *screen, FILE *out);
void report_print_csv(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out);
/* Returns -1 with errno ENOMEM. */
int report_print_json(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out);

#endif
