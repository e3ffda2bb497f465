/* What lockflex was told to do.
 * Must not let a lease end before the next look can have renewed it. */
#include "settings.h"

enum { ONCE_S = 300, SHORTEST_S = 60, LOOKS = 3 };

unsigned settings_lease_s(const struct settings *settings)
{
    int64_t look_ms =
        settings->interval_ms + settings->deadline_ms * (int64_t)settings->source_count;
    int64_t lease_s = (LOOKS * look_ms + 999) / 1000;

    if (settings->lease_ms > 0)
        lease_s = (settings->lease_ms + 999) / 1000;
    else if (settings->interval_ms == 0)
        lease_s = ONCE_S;
    else if (lease_s < SHORTEST_S)
        lease_s = SHORTEST_S;
    return (unsigned)lease_s;
}
