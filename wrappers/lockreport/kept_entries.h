/* Entries of a history that are kept for a while, and told by their ends.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_KEPT_ENTRIES_H
#define FARMLOCK_LOCKREPORT_KEPT_ENTRIES_H

#include <stddef.h>

#include "store/store.h"

/* All 0 is none. */
struct kept_entries {
    struct store_history **items; /* each a block of malloc(3) with its strings behind it */
    size_t count, room, bytes;
};

/* Copies an entry.  Returns -1 with errno: ENOMEM; EFBIG, they would take more than 512 MiB. */
int kept_entries_add(struct kept_entries *kept, const struct store_history *entry);

/* Tells each, sorted for that: what is held still, then what ended last.  Returns -1 as soon as
 * `take` does. */
int kept_entries_tell(struct kept_entries *kept,
                      int (*take)(void *context, const struct store_history *entry), void *context);

/* Frees them all. */
void kept_entries_empty(struct kept_entries *kept);

#endif
