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

int rfc3339_parse(const char *text, int64_t *time_ms)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    char digits[4] = "";
    uint64_t ms;

    if (rest != NULL && strlen(rest) == 5 && rest[0] == '.' && rest[4] == 'Z')
        memcpy(digits, rest + 1, 3);
    if (number_parse(digits, 999, &ms) != 0) {
        errno = EINVAL;
        return -1;
    }
    *time_ms = (int64_t)timegm(&parts) * 1000 + (int64_t)ms;
    return 0;
}
