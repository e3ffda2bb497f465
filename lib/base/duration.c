/* Seconds to days, hours, minutes and seconds.
 * Must not round up: what has not been waited for must not be shown. */
#include "duration.h"

#include <inttypes.h>
#include <stdio.h>

/* A length is shown in the first unit that it reaches, and the one below that. */
static const struct {
    int64_t seconds, below_s;
    const char *names[2], *below_names[2]; /* by enum duration_form */
} units[] = {
    {86400, 3600, {" d ", "d"}, {" h", "h"}},
    {3600, 60, {" h ", "h"}, {" min", "m"}},
    {60, 1, {" min ", "m"}, {" s", "s"}},
};

void duration_format(char out[DURATION_TEXT_SIZE], int64_t seconds, enum duration_form form)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (seconds < units[i].seconds)
            continue;
        snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "%s%0*" PRId64 "%s",
                 seconds / units[i].seconds, units[i].names[form], form == DURATION_SHORT ? 2 : 1,
                 seconds % units[i].seconds / units[i].below_s, units[i].below_names[form]);
        return;
    }
    snprintf(out, DURATION_TEXT_SIZE, "%" PRId64 "%s", seconds, units[2].below_names[form]);
}
