/* The state file: where it is by default, its folder, its lock, moving a damaged one aside. */
#ifndef FARMLOCK_STORE_FILE_H
#define FARMLOCK_STORE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "store.h"

/* The default place: /var/lib/lockerd/lockerd.db for root, $XDG_STATE_HOME/farmlock/lockerd.db
 * for others, with ~/.local/state where that is not set.  Returns a string for the caller to
 * free(3); NULL with errno ENOENT when there is no home, or ENOMEM.
 */
char *store_file_default_path(void);

/* Makes the file where it is missing, and the folders above it, for nobody else to read (folders
 * of root's: for its group).  With `must_exist` nothing is made.  Returns -1 with errno and *error.
 */
int store_file_prepare(const char *path, bool must_exist, char error[STORE_ERROR_SIZE]);

/* Gives the file, what stands beside it and its folder to a user who is to go on with them, where
 * they are root's and nothing else is in that folder; makes the folder where there is none.  One
 * that is everybody's stays so.  Called by root; `user` is for messages.  NULL and "none" are no
 * file. Returns -1 with errno and *error. */
int store_file_hand_over(const char *path, const char *user, uid_t uid, gid_t gid,
                         char error[STORE_ERROR_SIZE]);

/* Takes the lock that says that the file is in use.  Returns a descriptor, close-on-exec, whose
 * closing lets go of it; -1 with errno and *error, EBUSY when another process has it.
 */
int store_file_lock(const char *path, char error[STORE_ERROR_SIZE]);

/* Has a name in the file's folder, as a rename has made it, survive a power cut.  Returns -1 with
 * errno. */
int store_file_sync_folder(const char *path);

/* Renames the file, and what SQLite keeps beside it, to PATH.corrupt-TIME, written to `aside`.
 * Returns -1 with errno and *error, EBUSY when the file is in use.
 */
int store_file_move_aside(const char *path, char *aside, size_t aside_size,
                          char error[STORE_ERROR_SIZE]);

#endif
