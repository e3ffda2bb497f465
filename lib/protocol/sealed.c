/* The commands that need a seal: all that change something.
 * Must not seal anything. */
#include "sealed.h"

#include <stdbool.h>
#include <string.h>

static const char *const always[] = {"LOCK",    "UNLOCK",     "RENEW",    "FOLLOW",
                                     "EXTEND",  "BREAK_LOCK", "DEAD_PID", "DEAD_JOB",
                                     "OUTSIDE", "OFFLINE",    "ONLINE",   "DEQUEUE"};
static const char *const urgent[] = {"INSIDE", "CANCEL", "DEAD_PROCESS"};

static bool has(const char *const *words, size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
            return true;
    }
    return false;
}

enum sealed sealed_word(const char *word, size_t len)
{
    if (has(always, sizeof always / sizeof *always, word, len))
        return SEALED_ALWAYS;
    return has(urgent, sizeof urgent / sizeof *urgent, word, len) ? SEALED_URGENT : SEALED_NOT;
}
