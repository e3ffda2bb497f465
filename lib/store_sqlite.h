/* What the files of the SQLite engine share: the database connection and its layout. */
#ifndef FARMLOCK_STORE_SQLITE_H
#define FARMLOCK_STORE_SQLITE_H

#include <sqlite3.h>

#include "store_private.h"

/* Opens the database, brings its layout up to date, and says how safe a commit is to be.  Returns
 * NULL with errno and *error as store_open() does.
 */
sqlite3 *store_schema_open(const struct store_options *options, char error[STORE_ERROR_SIZE]);

/* Reads all live requests and counters. */
int store_schema_load(sqlite3 *db, const char *path, struct store_loader *loader,
                      char error[STORE_ERROR_SIZE]);

/* Writes what SQLite has to complain about, with the system's reason if there is one, and returns
 * the errno that goes with it.
 */
int store_schema_describe(sqlite3 *db, int result, char *text, size_t size);

/* The columns of a live request, in the order of the statements that read and write it. */
#define STORE_REQUEST_COLUMNS                                                                  \
    "ticket, token, owner, host, boot, job, pid, start, pid_namespace, autounlock, asked_ms, " \
    "granted_ms, hold_ms, deadline_ms, demand"

#endif
