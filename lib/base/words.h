/* The words of a line, which any white space splits. */
#ifndef FARMLOCK_BASE_WORDS_H
#define FARMLOCK_BASE_WORDS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORDS_HEAD_BYTES = sizeof(uint64_t) };

/* As isspace(3) in the C locale.  Most bytes are beyond all blanks. */
static inline bool words_is_blank(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || (c >= '\t' && c <= '\r'));
}

/* How many blanks the text begins with. */
static inline size_t words_blank_len(const char *text)
{
    size_t len = 0;

    while (words_is_blank(text[len]))
        len++;
    return len;
}

/* How many bytes the text has before its first blank or its end. */
static inline size_t words_word_len(const char *text)
{
    size_t len = 0;

    /* Nearly all bytes are beyond both. */
    while ((unsigned char)text[len] > ' ' || (text[len] != '\0' && !words_is_blank(text[len])))
        len++;
    return len;
}

/* The first eight bytes of a text of `len` as a number, the first one lowest; zeros are behind a
 * shorter one. */
static inline uint64_t words_head(const char *text, size_t len)
{
    uint64_t head = 0;
    uint32_t first, last;

    if (len >= sizeof head) {
        memcpy(&head, text, sizeof head);
        return le64toh(head);
    }
    if (len >= sizeof first) { /* these overlap, where they say the same */
        memcpy(&first, text, sizeof first);
        memcpy(&last, text + len - sizeof last, sizeof last);
        return le32toh(first) | (uint64_t)le32toh(last) << (8 * (len - sizeof last));
    }
    while (len-- > 0)
        head = head << 8 | (unsigned char)text[len];
    return head;
}

/* How many bytes of a head are before its first that is a blank, a NUL or another control
 * character. */
static inline size_t words_head_len(uint64_t head)
{
    const uint64_t ones = UINT64_MAX / UINT8_MAX;
    /* Taking away what is just beyond them sets the high bit of those, and may do so of bytes
     * behind the first of them (H. S. Warren, "Hacker's Delight", 6-1). */
    uint64_t found = (head - (' ' + 1) * ones) & ~head & 0x80 * ones;

    return found != 0 ? (size_t)__builtin_ctzll(found) / 8 : WORDS_HEAD_BYTES;
}

/* words_word_len() of a text of `len` bytes, which needs no end. */
static inline size_t words_word_len_within(const char *text, size_t len)
{
    size_t at = 0;

    for (;;) {
        at += words_head_len(words_head(text + at, len - at));
        if (at >= len)
            return len;
        if (text[at] == '\0' || words_is_blank(text[at]))
            return at;
        at += (unsigned char)text[at] <= ' ';
    }
}

/* Cuts the next word off *rest, ends it with a NUL, and moves *rest behind it.  Returns NULL when
 * there is none. */
static inline char *words_next(char **rest)
{
    char *word = *rest + words_blank_len(*rest);
    size_t len = words_word_len(word);

    *rest = word + len;
    if (len == 0)
        return NULL;
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

#endif
