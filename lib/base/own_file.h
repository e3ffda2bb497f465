/* Opening files in which nobody else may have a hand: logs, pid files, locks. */
#ifndef FARMLOCK_BASE_OWN_FILE_H
#define FARMLOCK_BASE_OWN_FILE_H

#include <sys/types.h>

enum { OWN_FILE_WHY_SIZE = 128 };

/* Opens a file as open(2) does, but follows no link to it and never blocks: a file that root opens
 * may stand where others can make one.  It has to be regular (or a device, with `device`), of one
 * name, root's or of who runs this or of `owner`, and not writable by those whom `not_by` has of
 * S_IWGRP and S_IWOTH.  Returns a descriptor, close-on-exec; -1 with errno and `why`, what to say
 * behind the file's name. */
struct own_file {
    int flags;     /* O_RDWR and the like */
    mode_t mode;   /* of one that is made */
    mode_t not_by; /* who must not be able to write it */
    uid_t owner;
    int device; /* not 0: may also be a character device */
};
int own_file_open(const char *path, const struct own_file *file, char why[OWN_FILE_WHY_SIZE]);

#endif
