/* A report for spreadsheets and programs. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_H
#define FARMLOCK_LOCKREPORT_PRINT_H

#include <stddef.h>
#include <stdio.h>

#include "report.h"

void report_print_csv(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out);
/* How many were held and waited for, in each part of the report's time. */
void report_print_csv_over_time(struct report *report, const struct report_group *groups,
                                size_t count, FILE *out);
/* Returns -1 with errno ENOMEM. */
int report_print_json(struct report *report, const struct report_group *groups, size_t count,
                      FILE *out);

#endif
