/* What matters to lockerd in how an etcd is.
 * Must not ask it. */
#include "health.h"

#include <stdio.h>
#include <string.h>

#define VERSION(major, minor, patch) ((major)*1000000L + (minor)*1000L + (patch))

enum { QUOTA_UNSET_MIB = 2048 };

/* Of the versions from the first up to, but without, the second. */
static const struct fault {
    long from, mended;
    const char *what;
} faults[] = {
    {VERSION(3, 5, 0), VERSION(3, 5, 3),
     "members may come to differ when one is killed (mended in 3.5.3), so that locks may be lost"},
    {0, VERSION(3, 4, 31),
     "a member whose disk hangs may go on as if it led (mended in 3.4.31), which costs lockerd "
     "time"},
    {VERSION(3, 5, 0), VERSION(3, 5, 13),
     "a member whose disk hangs may go on as if it led (mended in 3.5.13), which costs lockerd "
     "time"},
    {VERSION(3, 5, 0), VERSION(3, 5, 17),
     "a transaction that fails may be done in part (mended in 3.5.17)"},
    {0, VERSION(3, 4, 42),
     "its users may change what their role does not have, by nested transactions (mended in "
     "3.4.42)"},
    {VERSION(3, 5, 0), VERSION(3, 5, 28),
     "its users may change what their role does not have, by nested transactions (mended in "
     "3.5.28)"},
    {VERSION(3, 6, 0), VERSION(3, 6, 9),
     "its users may change what their role does not have, by nested transactions (mended in "
     "3.6.9)"},
};

bool etcd_health_faults(const char *version, char *text, size_t size)
{
    unsigned major, minor, patch;
    size_t len = 0;
    long number;

    if (sscanf(version, "%3u.%3u.%3u", &major, &minor, &patch) != 3) /* NOLINT(cert-err34-c) */
        return false;
    number = VERSION((long)major, (long)minor, (long)patch);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (number >= faults[i].from && number < faults[i].mended && len < size)
            len += (size_t)snprintf(text + len, size - len, "%s%s", len > 0 ? "; " : "",
                                    faults[i].what);
    }
    if (len > 0 && len < size)
        snprintf(text + len, size - len, "; 3.5.28, 3.6.9 and later have none of these");
    return len > 0;
}

int64_t etcd_health_quota(const struct etcd_status *status, int64_t said_bytes)
{
    if (status->quota_bytes > 0)
        return status->quota_bytes;
    return said_bytes > 0 ? said_bytes : (int64_t)QUOTA_UNSET_MIB << 20;
}

const char *etcd_health_advice(const char *errors)
{
    if (strstr(errors, "NOSPACE") != NULL)
        return ": nothing can be granted or released until it is compacted, each member is "
               "defragmented, and the alarm is disarmed";
    if (strstr(errors, "CORRUPT") != NULL)
        return ": its members differ; restore that member from another before it is trusted";
    return "";
}
