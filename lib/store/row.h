/* Is a row of the state file one that a lockerd can have written? */
#ifndef FARMLOCK_STORE_ROW_H
#define FARMLOCK_STORE_ROW_H

#include <stddef.h>
#include <stdint.h>

struct sqlite3_stmt;

enum store_column_kind {
    STORE_COLUMN_NUMBER,      /* from `least` to `most` */
    STORE_COLUMN_TIME,        /* milliseconds, so few that they can be added up */
    STORE_COLUMN_DEADLINE,    /* the same, or INT64_MAX */
    STORE_COLUMN_WORD,        /* text without white space and NUL, not empty */
    STORE_COLUMN_WORD_OR_NO,  /* the same, or NULL */
    STORE_COLUMN_TEXT,        /* without NUL */
    STORE_COLUMN_TEXT_OR_NO,  /* the same, or NULL */
    STORE_COLUMN_BYTES_OR_NO, /* so many as `most` says, or NULL */
};

struct store_column {
    const char *name;
    enum store_column_kind kind;
    int64_t least, most;
};

/* Of milliseconds, so that sums of a few stay numbers. */
#define STORE_TIME_MAX (INT64_C(1) << 60)

/* Tickets and tokens are counted up from here; this many are never used. */
#define STORE_COUNT_MAX (INT64_C(1) << 62)

/* Returns NULL if the first columns of a row are as they are said to be; else the name of the first
 * one that is not. */
const char *store_row_fault(struct sqlite3_stmt *row, const struct store_column *columns,
                            size_t count);

/* A time of the history, which is read as it is: the nearest one that can be added up. */
int64_t store_row_time(struct sqlite3_stmt *row, int column);

#endif
