/* A piece of somebody's text.
 * Must not read behind its end: there is no NUL. */
#include "span.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_skip_blanks(struct span text)
{
    while (text.len > 0 && is_blank(*text.at)) {
        text.at++;
        text.len--;
    }
    return text;
}

struct span span_trim(struct span text)
{
    text = span_skip_blanks(text);
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

struct span span_word(struct span *text)
{
    struct span rest = span_skip_blanks(*text), word = {.at = rest.at};

    while (word.len < rest.len && !is_blank(rest.at[word.len]))
        word.len++;
    *text = (struct span){.at = rest.at + word.len, .len = rest.len - word.len};
    return word;
}

bool span_take(struct span *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->at, prefix, len) != 0)
        return false;
    text->at += len;
    text->len -= len;
    return true;
}

bool span_take_count(struct span *text, uint32_t *count)
{
    uint32_t value = 0;
    size_t digits = 0;

    while (digits < text->len && text->at[digits] >= '0' && text->at[digits] <= '9') {
        value = value * 10 + (uint32_t)(text->at[digits++] - '0');
        if (value > SPAN_COUNT_MAX)
            return false;
    }
    if (digits == 0)
        return false;
    *text = (struct span){.at = text->at + digits, .len = text->len - digits};
    *count = value;
    return true;
}

const char *span_find_last(struct span text, const char *mark)
{
    size_t len = strlen(mark);

    if (text.len < len)
        return NULL;
    for (const char *at = text.at + (text.len - len);; at--) {
        if (memcmp(at, mark, len) == 0)
            return at;
        if (at == text.at)
            return NULL;
    }
}

struct span span_before(struct span text, const char *place)
{
    return (struct span){.at = text.at, .len = (size_t)(place - text.at)};
}

struct span span_from(struct span text, const char *place)
{
    return (struct span){.at = place, .len = text.len - (size_t)(place - text.at)};
}
