/* Plots in a page: what was held over time, and the hours of the week. */
#ifndef FARMLOCK_LOCKREPORT_HTML_PLOT_H
#define FARMLOCK_LOCKREPORT_HTML_PLOT_H

#include <stdio.h>

#include "report.h"

/* Prints text, with nothing in it that is more than that. */
void html_print_text(const char *text, FILE *out);

/* Prints an SVG plot of a group in a report that is divided. */
void html_plot_use(const struct report_group *group, const struct parts *parts, FILE *out);

/* Prints a table of the hours of the week, of a report that is divided into hours. */
void html_plot_week(const struct report_group *group, const struct parts *hours, FILE *out);

#endif
