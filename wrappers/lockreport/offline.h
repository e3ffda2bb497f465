/* Locks and seats that are out of use now.  Pure. */
#ifndef FARMLOCK_LOCKREPORT_OFFLINE_H
#define FARMLOCK_LOCKREPORT_OFFLINE_H

#include <stddef.h>
#include <stdint.h>

struct offline_lock {
    char *name;
    char *reason;     /* NULL: none was given */
    int64_t until_ms; /* since 1970; INT64_MAX: until somebody puts it back */
};

/* All 0 is an empty list. */
struct offline_list {
    struct offline_lock *items;
    size_t count, room;
};

/* Adds a copy.  Returns -1 with errno ENOMEM. */
int offline_list_add(struct offline_list *list, const struct offline_lock *lock);

/* By their names, numbers as numbers. */
void offline_list_sort(struct offline_list *list);

void offline_list_fini(struct offline_list *list);

#endif
