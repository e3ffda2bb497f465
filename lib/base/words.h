/* The words of a line, which any white space splits. */
#ifndef FARMLOCK_BASE_WORDS_H
#define FARMLOCK_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

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
