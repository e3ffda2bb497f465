/* Parts of what is said of a wait.
 * Must not print anything. */
#include "wait_text.h"

#include <stdio.h>
#include <time.h>

#include "base/duration.h"

void wait_text_since(char *out, size_t size, int64_t held_ms)
{
    time_t since = time(NULL) - (time_t)(held_ms / 1000);
    char when[32] = "", held[DURATION_TEXT_SIZE];
    struct tm parts;

    duration_format(held, held_ms / 1000, DURATION_WORDS);
    if (localtime_r(&since, &parts) != NULL)
        strftime(when, sizeof when, held_ms < 86400000 ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &parts);
    snprintf(out, size, " since %s (%s)", when, held);
}
