/* Splits a command for sh(1) into words.
 * Must not expand or run anything: the text may come from a stranger. */
#include "sh_words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_word(char c)
{
    return c == '\0' || is_blank(c) || strchr("\n;&|()<>", c) != NULL;
}

/* Copies a quoted part, from behind its opening quote to its closing one or the end. */
static const char *take_quoted(const char *from, char quote, char **out)
{
    while (*from != '\0' && *from != quote) {
        if (quote == '"' && *from == '\\' && from[1] != '\0' && strchr("$`\"\\\n", from[1]) != NULL)
            from++;
        *(*out)++ = *from++;
    }
    return *from == quote ? from + 1 : from;
}

/* Copies one word without its quotes to *out, and returns where it ends in the text. */
static const char *take_word(const char *from, char **out)
{
    while (!ends_word(*from)) {
        if (*from == '\'' || *from == '"') {
            from = take_quoted(from + 1, *from, out);
        } else {
            if (*from == '\\' && from[1] != '\0')
                from++;
            *(*out)++ = *from++;
        }
    }
    *(*out)++ = '\0';
    return from;
}

static bool is_number(const char *from, const char *end)
{
    while (from < end && isdigit((unsigned char)*from))
        from++;
    return from == end;
}

/* Skips the operator and the target of a redirection. */
static const char *skip_redirection(const char *from, char *scratch)
{
    from += strspn(from, "<>&|-");
    from += strspn(from, " \t");
    return take_word(from, &scratch);
}

static int append(struct sh_words *words, char *word)
{
    char **more = array_grow(words->words, &words->room, words->count + 1, sizeof *more);

    if (more == NULL)
        return -1;
    words->words = more;
    words->words[words->count++] = word;
    words->words[words->count] = NULL;
    return 0;
}

int sh_words_init(struct sh_words *words, const char *text)
{
    memset(words, 0, sizeof *words);
    /* A word and its NUL are never longer than the word and what ends it in the text. */
    words->bytes = malloc(strlen(text) + 2);
    words->rest = text;
    return words->bytes != NULL ? 0 : -1;
}

/* Takes one word, if one is there, and moves *from behind it. */
static int take(struct sh_words *words, const char **from, char **bytes)
{
    const char *start = *from;
    char *word = *bytes;

    *from = take_word(start, bytes);
    if ((**from == '<' || **from == '>') && is_number(start, *from)) {
        *bytes = word; /* it was the number of a descriptor */
        return 0;
    }
    return append(words, word);
}

int sh_words_next(struct sh_words *words)
{
    const char *from = words->rest;
    char *bytes = words->bytes;

    if (*from == '\0')
        return 0;
    words->count = 0;
    for (;;) {
        from += strspn(from, " \t");
        if (*from == '#')
            from += strcspn(from, "\n");
        if (*from == '<' || *from == '>')
            from = skip_redirection(from, bytes);
        else if (ends_word(*from))
            break;
        else if (take(words, &from, &bytes) != 0)
            return -1;
    }
    words->rest = *from != '\0' ? from + 1 : from;
    return 1;
}

void sh_words_fini(struct sh_words *words)
{
    free(words->words);
    free(words->bytes);
}
