/* Which columns a table has, and in which order its rows are: --format and --sort. */
#ifndef FARMLOCK_LOCKTABLE_FORMAT_H
#define FARMLOCK_LOCKTABLE_FORMAT_H

#include "column.h"

enum { FORMAT_COLUMNS_MAX = 32, FORMAT_WIDTH_MAX = 4096 };

struct format_column {
    const struct column *column;
    size_t width; /* 0: as wide as it needs to be */
    bool to_right;
};

/* All zero is none. */
struct table_format {
    struct format_column columns[FORMAT_COLUMNS_MAX];
    size_t count;
};

struct sort_key {
    const struct column *column;
    bool reversed;
};

struct table_order {
    struct sort_key keys[FORMAT_COLUMNS_MAX];
    size_t count;
};

enum { FORMAT_ERROR_SIZE = 640 };

/* Reads "lock:20,user,for:.8" as of squeue(1): NAME[:[.]WIDTH], a dot being for the right.  Returns
 * 0, or -1 with errno EINVAL and what is wrong in `error`, and *format is undefined.
 */
int format_parse(const char *text, struct table_format *format, char error[FORMAT_ERROR_SIZE]);

/* Reads "-for,lock": by that, the largest first, and then by lock.  Likewise. */
int format_parse_order(const char *text, struct table_order *order, char error[FORMAT_ERROR_SIZE]);

/* Whether a table is to be shown in that format: it is not where each column that only one of locks
 * and queue can have is the other's. */
bool format_shows(const struct table_format *format, enum table_kind kind);

/* Sorts rows of a table by the keys that it can have; equal ones stay as they are. */
void format_sort(const struct table_order *order, enum table_kind kind, struct table_rows *rows);

#endif
