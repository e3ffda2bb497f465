/* The hours of the week: how much is held at each of them.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_HEAT_H
#define FARMLOCK_LOCKREPORT_HEAT_H

#include "parts.h"
#include "report.h"

enum { HEAT_DAYS = 7, HEAT_HOURS = 24 };

/* Means, from Monday on, in local time; below 0 where the report has no such hour. */
struct heat {
    double held[HEAT_DAYS][HEAT_HOURS];
};

/* Of a group of a report that is divided into hours. */
void heat_of(struct heat *heat, const struct report_group *group, const struct parts *hours);

/* What a full cell stands for: all of the group's locks, or the most at any hour where nobody knows
 * how many there are. */
double heat_full(const struct heat *heat, const struct report_group *group);

/* "Mon" to "Sun". */
const char *heat_day(int day);

#endif
