/* The escapes of an encoded line, a character at a time.  All inline and without the C library, as
 * uriexec also decodes before that has started (wrappers/uriexec/start.c). */
#ifndef FARMLOCK_URICOMMAND_ESCAPE_H
#define FARMLOCK_URICOMMAND_ESCAPE_H

#include <stddef.h>

enum uricommand_escape {
    URICOMMAND_BYTE,      /* a byte was decoded */
    URICOMMAND_NUL,       /* %00, or a NUL itself */
    URICOMMAND_MALFORMED, /* a % that is not followed by two hex digits; the byte is that % */
};

/* Returns 0 to 15, or -1. */
static inline int escape_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

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
    high = len > 2 ? escape_hex_value(in[1]) : -1;
    low = len > 2 ? escape_hex_value(in[2]) : -1;
    if (high < 0 || low < 0)
        return URICOMMAND_MALFORMED;
    *used = 3;
    *byte = (char)(high << 4 | low);
    return *byte == '\0' ? URICOMMAND_NUL : URICOMMAND_BYTE;
}

#endif
