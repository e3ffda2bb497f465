/* Escaping of untrusted text, at the one place that all logs and terminals share.
 * Must not depend on the locale: the bytes come from other machines. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A control character is six bytes in JSON. */
enum { JSON_GROWTH = 6 };

/* Decodes one character (RFC 3629).  Returns its bytes, or 0 where they are none. */
static size_t decode(const char *in, size_t len, uint32_t *code)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)in;
    size_t want = 0;

    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        want = 1;
    else if (s[0] >= 0xc2 && s[0] <= 0xdf)
        want = 2;
    else if ((s[0] & 0xf0) == 0xe0)
        want = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        want = 4;
    if (want == 0 || len < want)
        return 0;
    *code = want == 1 ? s[0] : s[0] & (0xffU >> (want + 1));
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    if (*code < smallest[want] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return want;
}

/* Controls, separators of lines, and what is not seen itself but changes how the rest is: its
 * order, its joins, its form (general category Cf, and selectors of variants, of Unicode 15).  Two
 * names would look alike, or one like another. */
static const struct range {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
    {0x0600, 0x0605},   {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},
    {0x0890, 0x0891},   {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_hidden(uint32_t code)
{
    if (code >= 0x20 && code < 0x7f)
        return false;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden && hidden[i].first <= code; i++) {
        if (code <= hidden[i].last)
            return true;
    }
    return false;
}

size_t text_char_len(const char *in, size_t len)
{
    uint32_t code;
    size_t bytes = decode(in, len, &code);

    return bytes > 0 && !is_hidden(code) ? bytes : 0;
}

size_t text_clean(char *out, size_t out_size, const char *in, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    if (out_size == 0)
        return 0;
    while (len > 0) {
        size_t step = text_char_len(in, len);

        if (step > 0) {
            if (used + step >= out_size)
                break;
            memcpy(out + used, in, step);
            used += step;
        } else {
            unsigned char byte = (unsigned char)*in;
            const char escape[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};

            if (used + sizeof escape >= out_size)
                break;
            memcpy(out + used, escape, sizeof escape);
            used += sizeof escape;
            step = 1;
        }
        in += step;
        len -= step;
    }
    out[used] = '\0';
    return used;
}

char *text_clean_dup(const char *in)
{
    size_t len = strlen(in);
    size_t size = len * TEXT_CLEAN_GROWTH + 1;
    char *out = malloc(size);

    if (out != NULL)
        text_clean(out, size, in, len);
    return out;
}

/* How a character that is not to be seen stands in JSON; returns how many bytes of it were taken.
 */
static size_t escape_json(char *out, const char *in, size_t len)
{
    uint32_t code;
    size_t taken = decode(in, len, &code);

    if (taken == 0) {
        memcpy(out, "?", 2);
        return 1;
    }
    if (code > 0xffff)
        sprintf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                (unsigned)(0xdc00 + (code & 0x3ff)));
    else
        sprintf(out, "\\u%04x", (unsigned)code);
    return taken;
}

char *text_clean_json(const char *in)
{
    size_t len = strlen(in), used = 0;
    char *out = malloc(len * JSON_GROWTH + 1), *smaller;

    if (out == NULL)
        return NULL;
    while (len > 0) {
        size_t step = *in == '\n' || *in == '\t' || *in == '\r' ? 1 : text_char_len(in, len);

        if (step > 0) {
            memcpy(out + used, in, step);
            used += step;
        } else {
            step = escape_json(out + used, in, len);
            used += strlen(out + used);
        }
        in += step;
        len -= step;
    }
    out[used] = '\0';
    smaller = realloc(out, used + 1);
    return smaller != NULL ? smaller : out;
}
