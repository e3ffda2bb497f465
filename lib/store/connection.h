/* A state file in use: nobody else uses it, its database is open, and which file that is is known.
 */
#ifndef FARMLOCK_STORE_CONNECTION_H
#define FARMLOCK_STORE_CONNECTION_H

#include <sqlite3.h>

#include "place.h"
#include "statement.h"
#include "store.h"

/* One thread at a time may use it.  SQLite knows where it is: it must not be moved. */
struct store_connection {
    struct store_options options;
    char *path; /* the options' */
    int lock_fd;
    sqlite3 *db; /* NULL when it could not be opened anew */
    struct store_statements statements;
    struct store_place place;
    int log_pages;    /* in the write-ahead log */
    int copied_pages; /* of them that were there when it was copied to the file */
};

/* Makes the file where it is missing, takes its lock and connects.  The options are copied.
 * Returns -1 with errno and *error as store_open() does, and there is nothing to free.
 */
int store_connection_init(struct store_connection *self, const struct store_options *options,
                          char error[STORE_ERROR_SIZE]);

/* Disconnects, and lets go of the lock. */
void store_connection_fini(struct store_connection *self);

/* Opens the database, which is there, and prepares its statements.  Returns -1 with errno and
 * *error as store_open() does; what was opened is left to store_connection_disconnect().
 */
int store_connection_connect(struct store_connection *self, char error[STORE_ERROR_SIZE]);
void store_connection_disconnect(struct store_connection *self);

#endif
