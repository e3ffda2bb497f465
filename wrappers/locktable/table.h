/* A table of rows, as wide as a terminal. */
#ifndef FARMLOCK_LOCKTABLE_TABLE_H
#define FARMLOCK_LOCKTABLE_TABLE_H

#include <stdio.h>

#include "format.h"

/* Where a table is shown. */
struct table_screen {
    size_t columns; /* 0: no limit */
    size_t lines;   /* 0: no limit */
    bool is_terminal, has_colour;
};

/* How. */
struct table_look {
    const struct table_screen *screen;
    struct column_clock clock;
    bool has_heading;
    bool is_usual;    /* nobody chose the columns: those that a narrow screen has no room for go,
                       * and those that are seldom of use where they are not */
    bool hides_empty; /* so do all that have nothing in any row */
};

/* Prints rows, `most` of them at most, in the columns of a format that their kind has.  Texts are
 * made harmless for a terminal, what is cut ends with "+", and lines have no blanks at their end.
 * Returns 0, or -1 with errno ENOMEM. */
int table_print(FILE *out, const struct table_format *format, enum table_kind kind,
                const struct table_rows *rows, size_t most, const struct table_look *look);

#endif
