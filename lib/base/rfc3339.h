/* Points in time as text that machines agree on: RFC 3339, in UTC, with milliseconds. */
#ifndef FARMLOCK_BASE_RFC3339_H
#define FARMLOCK_BASE_RFC3339_H

#include <stdint.h>

enum { RFC3339_SIZE = 32 };

/* Writes a time in milliseconds since 1970: "2026-11-22T17:28:05.123Z".  One before 1970 comes out
 * as 1970's beginning; one beyond the year 9999, which the format cannot express, as 9999's end.
 */
void rfc3339_format(char out[RFC3339_SIZE], int64_t time_ms);

/* Reads what rfc3339_format() writes, not the other forms of RFC 3339.  Returns 0, or -1 with errno
 * EINVAL, and *time_ms is left alone.
 */
int rfc3339_parse(const char *text, int64_t *time_ms);

#endif
