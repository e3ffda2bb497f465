/* Slips in launchers: where the words for them would get lost, or run on this side.
 * Must not refuse what sh might understand and we do not: only what can mean nothing else. */
#include "slips.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char place[] = "{}";

struct word {
    const char *text;
    size_t len;
};

/* Behind the quoted part that begins at `from`, or the character there. */
static const char *skip_one(const char *from)
{
    const char quote = *from;

    if (quote == '\\')
        return from + 1 + (from[1] != '\0');
    if (quote != '\'' && quote != '"')
        return from + 1;
    for (from++; *from != '\0' && *from != quote; from++) {
        if (quote == '"' && *from == '\\' && from[1] != '\0')
            from++;
    }
    return from + (*from == quote);
}

/* Takes the word or the operator that is next, as it is written; false at the end. */
static bool next_word(const char **from, struct word *word)
{
    static const char operators[] = ";&|()<>";
    const char *end = *from + strspn(*from, " \t\n");

    word->text = end;
    if (*end != '\0' && strchr(operators, *end) != NULL)
        end++;
    else
        while (*end != '\0' && strchr(" \t\n", *end) == NULL && strchr(operators, *end) == NULL)
            end = skip_one(end);
    word->len = (size_t)(end - word->text);
    *from = end;
    return word->len > 0;
}

static bool is(const struct word *word, const char *text)
{
    return word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

/* -c, or the like of -lc, behind which a shell takes one word for its command. */
static bool is_command_option(const struct word *word)
{
    return is(word, "-c") || (word->len == 3 && word->text[0] == '-' &&
                              strchr("eilx", word->text[1]) != NULL && word->text[2] == 'c');
}

const char *find_slip(const char *launcher)
{
    const char *first = strstr(launcher, place);
    const char *from = launcher;
    struct word word;
    bool behind_c = false;
    bool behind_operator = false;

    if (first != NULL && strstr(first + strlen(place), place) != NULL)
        return "has {} twice, but the words go to one place";
    while (next_word(&from, &word)) {
        if (*word.text == '#')
            return "has a # that hides the words behind it; quote it";
        if (behind_c && is(&word, place))
            return "gives -c only the first of the words; write -c '{}'";
        behind_c = is_command_option(&word);
        behind_operator = strchr(";&|(<>", *word.text) != NULL;
    }
    if (first == NULL && behind_c)
        return "gives -c only the first of the words; write -c '{}'";
    if (first == NULL && behind_operator)
        return "ends in an operator, behind which the command would run on this side";
    return NULL;
}
