/* Encoded lines: text into characters that no shell touches, and back.
 * Must not know what a command is: bytes only. */
#include "uricommand.h"

#include <errno.h>
#include <stdlib.h>

#include "escape.h"

enum { ESCAPE_LEN = 3 }; /* "%xx" */

/* tests/e2e/test_uriexec_shells.py puts each of these before every shell, in every position.
 * Others pass most shells, but : @ ^ = ~ are at home in at least one. */
static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-' || c == ',';
}

/* Only a lone space with a word on both sides comes back when a shell has split the line.  Before
 * a dash it goes too: Perl's uriexec looks for options among all its words. */
static bool is_word_break(const char *text, size_t len, size_t at)
{
    return text[at] == ' ' && at > 0 && at + 1 < len && text[at - 1] != ' ' &&
           text[at + 1] != ' ' && text[at + 1] != '-';
}

char *uricommand_encode(const char *text, size_t len, unsigned flags)
{
    static const char hex[] = "0123456789ABCDEF";
    char *line = malloc(len * ESCAPE_LEN + 1);
    char *out = line;

    if (line == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '\0') {
            free(line);
            errno = EILSEQ;
            return NULL;
        }
        if (is_safe(text[i]) && (i > 0 || byte != '-')) {
            *out++ = text[i];
        } else if ((flags & URICOMMAND_WORDS) != 0 && is_word_break(text, len, i)) {
            *out++ = ' ';
        } else if (byte == ' ') {
            *out++ = '+';
        } else {
            *out++ = '%';
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 15];
        }
    }
    *out = '\0';
    return line;
}

char *uricommand_decode(const char *line, size_t len, unsigned flags, size_t *text_len,
                        size_t *error_at)
{
    char *text = malloc(len + 1);
    size_t out = 0;
    size_t used;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < len; i += used, out++) {
        enum uricommand_escape found = escape_next(line + i, len - i, &text[out], &used);

        if (found == URICOMMAND_NUL ||
            (found == URICOMMAND_MALFORMED && (flags & URICOMMAND_STRICT) != 0)) {
            free(text);
            if (error_at != NULL)
                *error_at = i;
            errno = found == URICOMMAND_NUL ? EILSEQ : EINVAL;
            return NULL;
        }
    }
    text[out] = '\0';
    if (text_len != NULL)
        *text_len = out;
    return text;
}

bool uricommand_is_plain(const char *word)
{
    if (*word == '\0' || *word == '-')
        return false;
    while (is_safe(*word))
        word++;
    return *word == '\0';
}
