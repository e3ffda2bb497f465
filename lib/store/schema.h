/* How a state file is laid out. */
#ifndef FARMLOCK_STORE_SCHEMA_H
#define FARMLOCK_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

#include "store.h"

/* The columns of a live request, in the order of the statements that read and write it. */
#define STORE_REQUEST_COLUMNS                                                                  \
    "ticket, token, owner, host, boot, job, pid, start, pid_namespace, autounlock, asked_ms, " \
    "granted_ms, hold_ms, deadline_ms, demand, away"

/* The columns of the history, in the order in which store_schema_read_history() takes them. */
#define STORE_HISTORY_COLUMNS                                                          \
    "past, reason, lock, owner, host, job, pid, ticket, token, asked_ms, granted_ms, " \
    "ended_ms"

/* Opens the database, brings its layout up to date, and says how safe a commit is to be.  Returns
 * NULL with errno and *error as store_open() does.
 */
sqlite3 *store_schema_open(const struct store_options *options, char error[STORE_ERROR_SIZE]);

enum store_layout {
    STORE_LAYOUT_EMPTY,
    STORE_LAYOUT_FOREIGN, /* another program's database */
    STORE_LAYOUT_EARLIER,
    STORE_LAYOUT_OURS,
    STORE_LAYOUT_LATER, /* an older program would lose what it does not know */
};

/* Looks whose database it is, and of which version: the number is for a message.  Returns SQLite's
 * result.
 */
int store_schema_examine(sqlite3 *db, enum store_layout *layout, int64_t *version);

/* Reads all live requests and counters; `path` is for messages.  Returns as store_load() does. */
int store_schema_load(sqlite3 *db, const char *path, struct store_loader *loader,
                      char error[STORE_ERROR_SIZE]);

/* Reads an entry of the history from a row's columns, the first of which is `first`.  Its strings
 * live until the row is left; owner or lock may be NULL in a file that somebody else has written.
 */
void store_schema_read_history(sqlite3_stmt *row, int first, struct store_history *entry);

#endif
