/* Checks what SQLite does not: it takes any value in any column.
 * Must not decide what becomes of a file with a row that is not sound. */
#include "row.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

static bool is_within(sqlite3_stmt *row, int column, int64_t least, int64_t most)
{
    int64_t number = sqlite3_column_int64(row, column);

    return sqlite3_column_type(row, column) == SQLITE_INTEGER && number >= least && number <= most;
}

static bool is_text(sqlite3_stmt *row, int column)
{
    const char *text;

    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return false;
    text = (const char *)sqlite3_column_text(row, column);
    return text != NULL && strlen(text) == (size_t)sqlite3_column_bytes(row, column);
}

static bool is_word(sqlite3_stmt *row, int column)
{
    const char *text;

    if (!is_text(row, column))
        return false;
    text = (const char *)sqlite3_column_text(row, column);
    return *text != '\0' && strpbrk(text, " \t\r\n\v\f") == NULL;
}

static bool is_sound(sqlite3_stmt *row, int column, const struct store_column *wanted)
{
    switch (wanted->kind) {
    case STORE_COLUMN_NUMBER:
        return is_within(row, column, wanted->least, wanted->most);
    case STORE_COLUMN_DEADLINE:
        return is_within(row, column, -STORE_TIME_MAX, STORE_TIME_MAX) ||
               is_within(row, column, INT64_MAX, INT64_MAX);
    case STORE_COLUMN_TIME:
        return is_within(row, column, -STORE_TIME_MAX, STORE_TIME_MAX);
    case STORE_COLUMN_WORD_OR_NO:
        return sqlite3_column_type(row, column) == SQLITE_NULL || is_word(row, column);
    case STORE_COLUMN_WORD:
        return is_word(row, column);
    case STORE_COLUMN_TEXT_OR_NO:
        return sqlite3_column_type(row, column) == SQLITE_NULL || is_text(row, column);
    case STORE_COLUMN_BYTES_OR_NO:
        return sqlite3_column_type(row, column) == SQLITE_NULL ||
               (sqlite3_column_type(row, column) == SQLITE_BLOB &&
                sqlite3_column_bytes(row, column) == wanted->most);
    case STORE_COLUMN_TEXT:
        break;
    }
    return is_text(row, column);
}

const char *store_row_fault(sqlite3_stmt *row, const struct store_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_sound(row, (int)i, &columns[i]))
            return columns[i].name;
    }
    return NULL;
}

int64_t store_row_time(sqlite3_stmt *row, int column)
{
    int64_t time_ms = sqlite3_column_int64(row, column);

    if (time_ms < -STORE_TIME_MAX)
        return -STORE_TIME_MAX;
    return time_ms < STORE_TIME_MAX ? time_ms : STORE_TIME_MAX;
}
