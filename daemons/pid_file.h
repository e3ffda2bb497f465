/* The pid file of a daemon: the lock on it, not its content, says that one runs, so that a stale
 * file does no harm. */
#ifndef FARMLOCK_PID_FILE_H
#define FARMLOCK_PID_FILE_H

#include <sys/types.h>

#include "base/own_file.h"

/* Writes the caller's process id there, and locks the file.  Returns the descriptor that holds the
 * lock; -1 after saying why on standard error, as `program`. */
int pid_file_claim(const char *program, const char *path);

/* Removes the file, or empties it where it may not be removed, and closes the descriptor.  Returns
 * -1 with errno where neither can be done. */
int pid_file_remove(const char *path, int fd);

/* The process id of the daemon that has the file locked; nobody but root, who runs this and `owner`
 * may be able to write there.  Returns -1 with errno: ESRCH where none runs, else with `why`, what
 * to say behind the file's name. */
pid_t pid_file_find(const char *path, uid_t owner, char why[OWN_FILE_WHY_SIZE]);

#endif
