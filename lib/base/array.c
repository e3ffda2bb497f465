/* Growth by doubling.
 * Must not look at the items. */
#include "array.h"

#include <errno.h>
#include <stdlib.h>

enum { ROOM_MIN = 16 };

void *array_grow(void *items, size_t *room, size_t count, size_t item_size)
{
    size_t wanted = *room > 0 ? *room * 2 : ROOM_MIN, size;
    void *more;

    if (count < *room)
        return items;
    /* As reallocarray(3) does it, which a sanitizer takes for a fault of its caller. */
    if (__builtin_mul_overflow(wanted, item_size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    more = realloc(items, size);
    if (more != NULL)
        *room = wanted;
    return more;
}
