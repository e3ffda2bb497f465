/* Where the state file is, and which file that is. */
#ifndef FARMLOCK_STORE_PLACE_H
#define FARMLOCK_STORE_PLACE_H

#include <sys/types.h>

#include "store.h"

/* All zero is no place. */
struct store_place {
    char *path, *log_path; /* without symbolic links; the write-ahead log's is beside it */
    dev_t device;
    ino_t inode, log_inode; /* the log's is 0 before it was seen */
};

/* Remembers which file was opened, instead of the one before.  Returns -1 with errno and *error. */
int store_place_note(struct store_place *place, const char *path, char error[STORE_ERROR_SIZE]);
void store_place_fini(struct store_place *place);

enum store_place_look {
    STORE_PLACE_OURS, /* or it cannot be told */
    STORE_PLACE_REMOVED,
    STORE_PLACE_REPLACED,
};

/* Looks whether the file that was opened is still the one that the next start will find, with its
 * log.
 */
enum store_place_look store_place_look(const struct store_place *place);

/* Returns the inode of the write-ahead log, 0 when there is none. */
ino_t store_place_log_inode(const struct store_place *place);

/* Is to be called when the file was closed: takes away what SQLite leaves of one that is gone. */
void store_place_leave(const struct store_place *place);

#endif
