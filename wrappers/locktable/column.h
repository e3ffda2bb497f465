/* What can stand in a column of a table of locks. */
#ifndef FARMLOCK_LOCKTABLE_COLUMN_H
#define FARMLOCK_LOCKTABLE_COLUMN_H

#include "row.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,
    COLUMN_LENGTH, /* of time, in milliseconds */
    COLUMN_TIME,   /* in milliseconds since 1970 */
};

enum { COLUMN_SCRATCH = 96 };

/* Read-only. */
struct column {
    const char *name, *heading;
    unsigned tables; /* of 1 << enum table_kind */
    enum column_kind kind;
    unsigned rank;  /* on a narrow terminal the column with the least goes first; 0: it stays */
    bool is_seldom; /* of use: the usual table has it where a row has something there */
    size_t least;   /* a text is not made narrower than this */
    /* NULL, or a number below 0, where there is nothing. */
    const char *(*text)(const struct table_row *row, char scratch[COLUMN_SCRATCH]);
    int64_t (*number)(const struct table_row *row);
    /* What a text sorts by, where that is another than the text. */
    const char *(*sorts_by)(const struct table_row *row, char scratch[COLUMN_SCRATCH]);
};

/* How points in time are written. */
struct column_clock {
    int64_t now_ms; /* by the server's clock */
    bool is_short;  /* without the date where that is today's */
};

/* The column of that name and `len` bytes, or NULL. */
const struct column *column_find(const char *name, size_t len);

/* Whether a table can have it. */
static inline bool column_is_of(const struct column *column, enum table_kind kind)
{
    return (column->tables & 1U << kind) != 0;
}

/* All names, with commas between them; static text. */
const char *column_names(void);

/* The text of a cell, as it came from a stranger, or made in `scratch`; "-" where there is nothing.
 */
const char *column_text(const struct column *column, const struct table_row *row,
                        const struct column_clock *clock, char scratch[COLUMN_SCRATCH]);

/* Below 0, 0 or above 0 as `a` sorts before, with or behind `b`; what is not there is first. */
int column_compare(const struct column *column, const struct table_row *a,
                   const struct table_row *b);

/* Whether there is anything in that cell. */
bool column_is_empty(const struct column *column, const struct table_row *row);

#endif
