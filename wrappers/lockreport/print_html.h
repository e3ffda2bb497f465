/* A report as one page that can be mailed: no outside resource, no script. */
#ifndef FARMLOCK_LOCKREPORT_PRINT_HTML_H
#define FARMLOCK_LOCKREPORT_PRINT_HTML_H

#include <stdio.h>

#include "report.h"

/* Prints it; the report is divided into hours. */
void report_print_html(struct report *report, const struct report_group *groups, size_t count,
                       FILE *out);

#endif
