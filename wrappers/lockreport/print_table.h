/* A report for people. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_TABLE_H
#define FARMLOCK_LOCKREPORT_PRINT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report.h"

struct report_screen {
    size_t columns; /* 0: as many as it takes */
    bool utf8;      /* it shows block characters */
};

/* A table with a plot.  Columns that do not fit are left out, the plot before those that matter
 * most. Returns -1 with errno ENOMEM. */
int report_print_table(struct report *report, const struct report_group *groups, size_t count,
                       const struct report_screen *screen, FILE *out);

#endif
