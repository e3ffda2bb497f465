/* How the files of the store say what went wrong. */
#ifndef FARMLOCK_STORE_ERROR_H
#define FARMLOCK_STORE_ERROR_H

#include <stddef.h>

#include "store.h"

struct sqlite3;

/* Writes *error, sets errno and returns -1. */
int store_error_set(char error[STORE_ERROR_SIZE], int error_number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes what SQLite has to complain about, with the system's reason if there is one, and returns
 * the errno that goes with it.  `db` is NULL where the result is all that is known.  SQLite does
 * not keep the errno of a commit: the current one is taken, so this is to be called at once.
 */
int store_error_describe(struct sqlite3 *db, int result, char *text, size_t size);

#endif
