/* What matters to lockerd in how an etcd is.
 * Must not ask it. */
#include "health.h"

#include <stdio.h>
#include <string.h>

#define VERSION(major, minor, patch) ((major)*1000000L + (minor)*1000L + (patch))

enum { QUOTA_UNSET_MIB = 2048 };

/* What they do, and what comes of it. */
struct fault {
    const char *what, *so;
};
static const struct fault members_differ = {"members may come to differ when one is killed",
                                            ", so that locks may be lost"};
static const struct fault leads_on = {"a member whose disk hangs may go on as if it led",
                                      ", which costs lockerd time"};
static const struct fault half_done = {"a transaction that fails may be done in part", ""};
static const struct fault oversteps = {
    "its users may change what their role does not have, by nested transactions", ""};

/* The versions from the first up to, but without, the second. */
static const struct faulty {
    long from, mended;
    const struct fault *fault;
} faulty[] = {
    {VERSION(3, 5, 0), VERSION(3, 5, 3), &members_differ},
    {0, VERSION(3, 4, 31), &leads_on},
    {VERSION(3, 5, 0), VERSION(3, 5, 13), &leads_on},
    {VERSION(3, 5, 0), VERSION(3, 5, 17), &half_done},
    {0, VERSION(3, 4, 42), &oversteps},
    {VERSION(3, 5, 0), VERSION(3, 5, 28), &oversteps},
    {VERSION(3, 6, 0), VERSION(3, 6, 9), &oversteps},
};

static size_t add_fault(const struct faulty *it, bool is_first, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%s%s (mended in %ld.%ld.%ld)%s", is_first ? "" : "; ",
                            it->fault->what, it->mended / 1000000, it->mended / 1000 % 1000,
                            it->mended % 1000, it->fault->so);
}

bool etcd_health_faults(const char *version, char *text, size_t size)
{
    unsigned major, minor, patch;
    size_t len = 0;
    long number;

    if (sscanf(version, "%3u.%3u.%3u", &major, &minor, &patch) != 3) /* NOLINT(cert-err34-c) */
        return false;
    number = VERSION((long)major, (long)minor, (long)patch);
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        if (number >= faulty[i].from && number < faulty[i].mended && len < size)
            len += add_fault(&faulty[i], len == 0, text + len, size - len);
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
