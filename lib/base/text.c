/* Escaping of untrusted text, at the one place that all logs and terminals share.
 * Must not depend on the locale: the bytes come from other machines. */
#include "text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t text_char_len(const char *in, size_t len)
{
    const unsigned char *s = (const unsigned char *)in;
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    size_t want;

    if (len == 0 || s[0] < 0x20 || s[0] == 0x7f)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        want = 2;
    else if ((s[0] & 0xf0) == 0xe0)
        want = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        want = 4;
    else
        return 0;
    if (len < want)
        return 0;
    code = s[0] & (0xffU >> (want + 1));
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (code < smallest[want] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    if (code >= 0x80 && code < 0xa0)
        return 0;
    /* Line and paragraph separators, and the marks that reorder text on a terminal. */
    if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
        return 0;
    return want;
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
