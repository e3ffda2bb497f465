/* Arrays that grow. */
#ifndef FARMLOCK_BASE_ARRAY_H
#define FARMLOCK_BASE_ARRAY_H

#include <stddef.h>

/* Makes room for one more item behind the `count` that are in `items`, a block of malloc(3) or
 * NULL, which has room for *room items of `item_size` bytes.  Grows by doubling, so that n items
 * cost O(n).  Returns the block, which may have moved, and writes *room; NULL with errno ENOMEM,
 * the old block and *room as they were.
 */
void *array_grow(void *items, size_t *room, size_t count, size_t item_size);

#endif
