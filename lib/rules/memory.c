/* Memory that goes all at once.
 * Must not know what is in it. */
#include "memory.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

struct rules_block {
    struct rules_block *next;
    alignas(max_align_t) char data[];
};

void *rules_alloc(struct rules *rules, size_t count, size_t size)
{
    struct rules_block *block;

    if (__builtin_mul_overflow(count, size, &size) ||
        __builtin_add_overflow(size, sizeof *block, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    block = calloc(1, size);
    if (block == NULL)
        return NULL;
    block->next = rules->blocks;
    rules->blocks = block;
    return block->data;
}

void rules_free_all(struct rules *rules)
{
    struct rules_block *block;

    while ((block = rules->blocks) != NULL) {
        rules->blocks = block->next;
        free(block);
    }
}
