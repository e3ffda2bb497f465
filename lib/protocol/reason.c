/* The words for why something has ended.
 * Must not know what else a line of the history says. */
#include "reason.h"

#include <string.h>

static const char *const words[] = {
    [REASON_NONE] = "-",        [REASON_UNLOCK] = "unlock",         [REASON_BREAK] = "break",
    [REASON_DEAD] = "dead",     [REASON_HOLD_LIMIT] = "hold-limit", [REASON_JOB_END] = "job-end",
    [REASON_GONE] = "gone",     [REASON_INSIDE] = "inside",         [REASON_KEPT] = "kept",
    [REASON_SILENT] = "silent",
};

enum { WORDS = sizeof words / sizeof *words };

const char *reason_word(size_t reason)
{
    return words[reason < WORDS ? reason : REASON_NONE];
}

enum reason reason_parse(const char *word)
{
    for (int i = 0; word != NULL && i < WORDS; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum reason)i;
    }
    return REASON_NONE;
}
