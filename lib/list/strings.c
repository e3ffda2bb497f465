/* Memory for the strings of a list, in blocks.
 * Must not free a single piece: they go together. */
#include "strings.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 - 64 };

struct strings_block {
    struct strings_block *next;
    alignas(max_align_t) char bytes[];
};

void *strings_new(struct strings *strings, size_t size)
{
    const size_t unit = alignof(max_align_t);
    size_t room = (size + unit - 1) / unit * unit;

    if (room > strings->left) {
        size_t bytes = room > BLOCK_BYTES ? room : BLOCK_BYTES;
        struct strings_block *block = malloc(sizeof *block + bytes);

        if (block == NULL)
            return NULL;
        block->next = strings->blocks;
        strings->blocks = block;
        strings->left = bytes;
    }
    strings->left -= room;
    return strings->blocks->bytes + strings->left;
}

const char *strings_copy(struct strings *strings, const char *text)
{
    size_t size = text != NULL ? strlen(text) + 1 : 0;
    char *copy = text != NULL ? strings_new(strings, size) : NULL;

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void strings_fini(struct strings *strings)
{
    int saved_errno = errno;

    while (strings->blocks != NULL) {
        struct strings_block *block = strings->blocks;

        strings->blocks = block->next;
        free(block);
    }
    strings->left = 0;
    errno = saved_errno;
}
