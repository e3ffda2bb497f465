/* Locks that were taken away from their owners.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_BREAKS_H
#define FARMLOCK_LOCKREPORT_BREAKS_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct broken_lock {
    int64_t at_ms;
    char *lock, *owner;
    struct lock_asker whose;
    char *by_name; /* NULL: not known */
    struct lock_asker by;
};

/* All 0 is an empty list. */
struct break_list {
    struct broken_lock *items;
    size_t count, room;
};

/* How much memory an entry takes, about. */
size_t break_list_bytes(const struct store_history *entry);

/* Adds the end of a hold.  Returns -1 with errno ENOMEM. */
int break_list_add(struct break_list *list, const struct store_history *entry);

/* The first one first. */
void break_list_sort(struct break_list *list);

void break_list_fini(struct break_list *list);

#endif
