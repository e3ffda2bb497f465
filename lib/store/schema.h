/* How a state file is laid out. */
#ifndef FARMLOCK_STORE_SCHEMA_H
#define FARMLOCK_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

#include "store.h"

/* The columns of a live request, in the order of the statements that read and write it. */
#define STORE_REQUEST_COLUMNS                                                                     \
    "ticket, token, owner, host, boot, job, pid, start, pid_namespace, autounlock, asked_ms, "    \
    "granted_ms, hold_ms, deadline_ms, demand, away, uid, how, grant_key, peer, login, project, " \
    "priority, keep_ms, keep_until_ms, until_boot, lost_after_s"

/* The columns of the history, in the order in which store_load_history() takes them. */
#define STORE_HISTORY_COLUMNS                                                          \
    "past, reason, lock, owner, host, job, pid, ticket, token, asked_ms, granted_ms, " \
    "ended_ms, uid, how, by_uid, by_how, by_name, by_peer, pool, project, shared"

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

/* What the files that read a state file need: they set errno and *error, and return -1.  `result`
 * is SQLite's, of `db` where that is not NULL; of a damaged file the format says what is wrong. */
int store_schema_fail(sqlite3 *db, const char *path, int result, char error[STORE_ERROR_SIZE]);
int store_schema_refuse_damaged(const char *path, char error[STORE_ERROR_SIZE], const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* The number that a statement without parameters answers.  Returns SQLite's result. */
int store_schema_read_number(sqlite3 *db, const char *sql, int64_t *number);

#endif
