/* How many were held, and waited for, in each part of the time.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_SERIES_H
#define FARMLOCK_LOCKREPORT_SERIES_H

#include "parts.h"

/* Adds a span to the sums of milliseconds of the parts that it touches. */
void series_add(double *sums_ms, const struct parts *parts, const struct span *span);

/* Makes means of the sums. */
void series_divide(double *sums_ms, const struct parts *parts);

#endif
