/* Growth by doubling.
 * Must not look at the items. */
#include "array.h"

#include <stdlib.h>

enum { ROOM_MIN = 16 };

void *array_grow(void *items, size_t *room, size_t count, size_t item_size)
{
    size_t wanted = *room > 0 ? *room * 2 : ROOM_MIN;
    void *more;

    if (count < *room)
        return items;
    more = reallocarray(items, wanted, item_size);
    if (more != NULL)
        *room = wanted;
    return more;
}
