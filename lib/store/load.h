/* What is read from a state file. */
#ifndef FARMLOCK_STORE_LOAD_H
#define FARMLOCK_STORE_LOAD_H

#include <sqlite3.h>

#include "store.h"

/* Reads all that is kept but the history; `path` is for messages.  Returns as store_load() does. */
int store_load_all(sqlite3 *db, const char *path, struct store_loader *loader,
                   char error[STORE_ERROR_SIZE]);

/* Tells the loader of a request that was read, whose demand is `demand` as text.  Returns -1 with
 * errno: EINVAL where that cannot be. */
int store_load_tell(const struct store_loader *loader, struct lock_record *record,
                    const char *demand);

/* Reads an entry of the history from a row's columns, the first of which is `first`.  Its strings
 * live until the row is left; owner or lock may be NULL in a file that somebody else has written.
 */
void store_load_history(sqlite3_stmt *row, int first, struct store_history *entry);

/* The asker of a row whose uid and how it is known are columns from there on. */
struct lock_asker store_load_asker(sqlite3_stmt *row, int uid_column);

#endif
