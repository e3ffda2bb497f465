/* The store's errors: SQLite's results and the system's errno as a line and an errno.
 * Must not decide what to do about them. */
#include "error.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error_text.h"

int store_error_set(char error[STORE_ERROR_SIZE], int error_number, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, STORE_ERROR_SIZE, format, args);
    va_end(args);
    errno = error_number;
    return -1;
}

static int errno_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EBUSY;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_READONLY:
        return EROFS;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return EACCES;
    case SQLITE_NOMEM:
        return ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return EUCLEAN;
    default:
        return EIO;
    }
}

/* Where the system's errno tells more than SQLite's result. */
static bool is_of_system(int result)
{
    return (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN;
}

int store_error_describe(sqlite3 *db, int result, char *text, size_t size)
{
    int failed_errno = errno;
    int system = db != NULL ? sqlite3_system_errno(db) : 0;

    if (db != NULL && system == 0)
        system = failed_errno;
    if (is_of_system(result) && system != 0)
        snprintf(text, size, "%s: %s", sqlite3_errstr(result & 0xff), error_text(system));
    else if ((result & 0xff) == SQLITE_NOMEM)
        snprintf(text, size, "%s", error_text(ENOMEM));
    else
        snprintf(text, size, "%s", db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result));
    return errno_of(result);
}
