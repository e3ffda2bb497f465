/* All that a command starts, for a lock that is held until the last of it has ended. */
#ifndef FARMLOCK_LOCKERSH_FAMILY_H
#define FARMLOCK_LOCKERSH_FAMILY_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/own_group.h"
#include "process/process_ref.h"

/* A control group of its own, where there can be one; else a process group. */
struct family {
    char
        above[OWN_GROUP_PATH_SIZE]; /* ours, below which the command's is to be made; "": none is */
    char folder[OWN_GROUP_PATH_SIZE]; /* of the control group; "": it is a process group */
    bool is_made;                     /* by us, and to be removed */
    pid_t group;                      /* the process group, 0 where not yet */
};

/* Sees which it will be for a command.  Returns 0; or -1 where its processes could not be told from
 * others, which is said. */
int family_choose(struct family *family);

/* Makes it that of the calling process, which is to become the command.  Returns 0, or -1 with
 * errno.
 */
int family_found(struct family *family);

/* The process group of a process. */
int family_of_process(struct family *family, pid_t pid);

/* In the monitor: is no part of it, and forgets it at last. */
void family_leave(const struct family *family);
void family_forget(const struct family *family);

/* Refers to one of it that runs yet; false where there is none. */
bool family_next(const struct family *family, struct process_ref *next);

#endif
