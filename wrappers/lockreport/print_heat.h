/* The hours of the week, for people. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_HEAT_H
#define FARMLOCK_LOCKREPORT_PRINT_HEAT_H

#include <stdbool.h>
#include <stdio.h>

#include "report.h"

/* Prints a map of each pool that the report is about, or else of all together; the report is
 * divided into hours. */
void report_print_heat(const struct report *report, const struct report_group *groups, size_t count,
                       bool utf8, FILE *out);

#endif
