/* Memory for what a list is made of: pieces that are freed together. */
#ifndef FARMLOCK_LIST_STRINGS_H
#define FARMLOCK_LIST_STRINGS_H

#include <stddef.h>

struct strings_block;

/* All zero is one without memory. */
struct strings {
    struct strings_block *blocks;
    size_t left; /* bytes of the first block */
};

/* A piece of so many bytes, fit for any type.  Returns NULL with errno ENOMEM. */
void *strings_new(struct strings *strings, size_t size);

/* A copy of a string; NULL for NULL, too, without errno. */
const char *strings_copy(struct strings *strings, const char *text);

/* Frees all pieces. */
void strings_fini(struct strings *strings);

#endif
