/* Points in time as text, by RFC 3339.
 * Must not know of time zones: what is written and read is UTC. */
#include "rfc3339.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "number.h"

void rfc3339_format(char out[RFC3339_SIZE], int64_t time_ms)
{
    static const int64_t last_ms = INT64_C(253402300799999);
    struct tm parts;
    time_t seconds;
    size_t len;

    if (time_ms < 0)
        time_ms = 0;
    if (time_ms > last_ms)
        time_ms = last_ms;
    seconds = (time_t)(time_ms / 1000);
    gmtime_r(&seconds, &parts);
    len = strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + len, RFC3339_SIZE - len, ".%03dZ", (int)(time_ms % 1000));
}

/* strptime(3) takes more than that: blanks, single digits, the 31st of February. */
static int64_t read_loosely(const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    uint64_t ms = 0;

    if (rest == NULL || strlen(rest) != 5)
        return 0;
    number_parse((char[4]){rest[1], rest[2], rest[3]}, 999, &ms);
    return (int64_t)timegm(&parts) * 1000 + (int64_t)ms;
}

int rfc3339_parse(const char *text, int64_t *time_ms)
{
    int64_t found_ms = read_loosely(text);
    char again[RFC3339_SIZE];

    rfc3339_format(again, found_ms);
    if (strcmp(again, text) != 0) {
        errno = EINVAL;
        return -1;
    }
    *time_ms = found_ms;
    return 0;
}
