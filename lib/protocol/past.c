/* The words for the kinds of what has ended.
 * Must not know what else a line of the history says. */
#include "past.h"

#include <string.h>

static const char *const words[] = {
    [PAST_HOLD] = "hold",
    [PAST_REFUSED] = "refused",
    [PAST_LEFT] = "left",
    [PAST_HOLE] = "hole",
};

enum { WORDS = sizeof words / sizeof *words };

const char *past_word(size_t past)
{
    return past < WORDS ? words[past] : NULL;
}

int past_parse(const char *word)
{
    for (int i = 0; word != NULL && i < WORDS; i++) {
        if (strcmp(word, words[i]) == 0)
            return i;
    }
    return -1;
}
