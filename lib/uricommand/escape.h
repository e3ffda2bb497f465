/* The escapes of an encoded line, a character at a time.  All inline and without the C library, as
 * uriexec also decodes before that has started (wrappers/uriexec/start.c). */
#ifndef FARMLOCK_URICOMMAND_ESCAPE_H
#define FARMLOCK_URICOMMAND_ESCAPE_H

#include <stddef.h>

#include "base/number.h"

enum uricommand_escape {
    URICOMMAND_BYTE,      /* a byte was decoded */
    URICOMMAND_NUL,       /* %00, or a NUL itself */
    URICOMMAND_MALFORMED, /* a % that is not followed by two hex digits; the byte is that % */
};

/* Decodes the character at `in`, of which `len` bytes (at least one) are there, into *byte, and
 * says in *used how many bytes it took. */
static inline enum uricommand_escape escape_next(const char *in, size_t len, char *byte,
                                                 size_t *used)
{
    int high;
    int low;

    *used = 1;
    *byte = *in == '+' ? ' ' : *in;
    if (*in != '%')
        return *in == '\0' ? URICOMMAND_NUL : URICOMMAND_BYTE;
    high = len > 2 ? number_hex_digit(in[1]) : -1;
    low = len > 2 ? number_hex_digit(in[2]) : -1;
    if (high < 0 || low < 0)
        return URICOMMAND_MALFORMED;
    *used = 3;
    *byte = (char)(high << 4 | low);
    return *byte == '\0' ? URICOMMAND_NUL : URICOMMAND_BYTE;
}

#endif
