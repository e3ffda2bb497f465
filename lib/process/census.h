/* All processes there are at one moment, as well as /proc can tell. */
#ifndef FARMLOCK_PROCESS_CENSUS_H
#define FARMLOCK_PROCESS_CENSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "proc_stat.h"

struct census_entry {
    struct proc_stat stat;
    bool own;    /* of the caller's effective user; to root all are */
    bool marked; /* `is_marked` said so; false where it is not the caller's */
};

struct census {
    struct census_entry *entries; /* by pid */
    size_t count, room;
    bool (*is_marked)(void *context, pid_t pid); /* may be NULL */
    void *context;
};

/* Fills a census, all-zero but for `is_marked` and its context.  `is_marked` is asked about each of
 * the caller's own processes the moment it is seen: it may be gone the next.
 * Returns 0, or -1 with errno.
 */
int census_take(struct census *census);
void census_fini(struct census *census);

/* Returns the entry of a process, or NULL. */
const struct census_entry *census_find(const struct census *census, pid_t pid);

#endif
