/* Fits columns into a line.
 * Must not know what is in them. */
#include "layout.h"

static size_t least_of(const struct layout_column *column)
{
    return column->least < column->width ? column->least : column->width;
}

/* How wide the line is, as the columns are or, shortened, as narrow as they may be. */
static size_t line_of(const struct layout_column *columns, size_t count, bool shortened)
{
    size_t line = 0;

    for (size_t i = 0; i < count; i++) {
        if (columns[i].width > 0)
            line += LAYOUT_GAP + (shortened ? least_of(&columns[i]) : columns[i].width);
    }
    return line > 0 ? line - LAYOUT_GAP : 0;
}

static void drop_one(struct layout_column *columns, size_t count, bool *dropped)
{
    struct layout_column *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (columns[i].width > 0 && columns[i].rank > 0 &&
            (first == NULL || columns[i].rank < first->rank))
            first = &columns[i];
    }
    *dropped = first != NULL;
    if (first != NULL)
        first->width = 0;
}

/* Takes one off the widest that may be narrower. */
static bool shorten_one(struct layout_column *columns, size_t count)
{
    struct layout_column *widest = NULL;

    for (size_t i = 0; i < count; i++) {
        if (columns[i].width > columns[i].least &&
            (widest == NULL || columns[i].width > widest->width))
            widest = &columns[i];
    }
    if (widest != NULL)
        widest->width--;
    return widest != NULL;
}

static void shorten(struct layout_column *columns, size_t count, size_t line)
{
    while (line_of(columns, count, false) > line && shorten_one(columns, count))
        continue;
}

void layout_fit(struct layout_column *columns, size_t count, size_t line, bool may_drop)
{
    bool dropped = may_drop;

    while (dropped && line_of(columns, count, true) > line)
        drop_one(columns, count, &dropped);
    shorten(columns, count, line);
    for (size_t i = 0; i < count; i++) {
        if (columns[i].least != LAYOUT_FIXED)
            columns[i].least = 1;
    }
    shorten(columns, count, line);
}
