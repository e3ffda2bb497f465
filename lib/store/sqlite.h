/* The engine that keeps a SQLite file. */
#ifndef FARMLOCK_STORE_SQLITE_H
#define FARMLOCK_STORE_SQLITE_H

#include "store.h"

/* Opens the file that the options name, and makes it where it is missing.  The options are copied.
 * Returns NULL with errno and *error as store_open() does.
 */
struct store *store_sqlite_open(const struct store_options *options, char error[STORE_ERROR_SIZE]);

#endif
