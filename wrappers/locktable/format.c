/* Reads --format and --sort, and sorts.
 * Must not print. */
#include "format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

enum { SHOWN = 40 };

static int complain(char *error, const char *word, size_t len, const char *what)
{
    char shown[SHOWN];

    text_clean(shown, sizeof shown, word, len);
    snprintf(error, FORMAT_ERROR_SIZE, "\"%s\" %s", shown, what);
    errno = EINVAL;
    return -1;
}

static const struct column *find(const char *word, size_t len, char *error)
{
    const struct column *column = column_find(word, len);
    char what[FORMAT_ERROR_SIZE - SHOWN - 8];

    if (column != NULL)
        return column;
    snprintf(what, sizeof what, "is no column; there are %s", column_names());
    complain(error, word, len, what);
    return NULL;
}

/* "lock:.20" */
static int parse_column(const char *word, size_t len, struct format_column *column, char *error)
{
    const char *colon = memchr(word, ':', len), *digits;
    size_t name_len = colon != NULL ? (size_t)(colon - word) : len;
    char number[8];
    uint64_t width;

    *column = (struct format_column){.column = find(word, name_len, error)};
    if (column->column == NULL)
        return -1;
    column->to_right = column->column->kind != COLUMN_TEXT;
    if (colon == NULL)
        return 0;
    digits = colon + 1;
    if (name_len + 1 < len && *digits == '.') {
        column->to_right = true;
        digits++;
    }
    snprintf(number, sizeof number, "%.*s", (int)(len - (size_t)(digits - word)), digits);
    if (number_parse(number, FORMAT_WIDTH_MAX, &width) != 0 || width == 0)
        return complain(error, word, len, "has no width from 1 to 4096 behind the colon");
    column->width = (size_t)width;
    return 0;
}

int format_parse(const char *text, struct table_format *format, char error[FORMAT_ERROR_SIZE])
{
    *format = (struct table_format){0};
    do {
        size_t len = strcspn(text, ",");

        if (format->count == FORMAT_COLUMNS_MAX)
            return complain(error, text, len, "is one column too many");
        if (parse_column(text, len, &format->columns[format->count++], error) != 0)
            return -1;
        text += len;
    } while (*text++ == ',');
    return 0;
}

int format_parse_order(const char *text, struct table_order *order, char error[FORMAT_ERROR_SIZE])
{
    *order = (struct table_order){0};
    do {
        size_t len = strcspn(text, ",");
        bool has_sign = *text == '-' || *text == '+';
        struct sort_key *key;

        if (order->count == FORMAT_COLUMNS_MAX)
            return complain(error, text, len, "is one column too many");
        key = &order->keys[order->count++];
        key->reversed = *text == '-';
        key->column = find(text + has_sign, len - has_sign, error);
        if (key->column == NULL)
            return -1;
        text += len;
    } while (*text++ == ',');
    return 0;
}

static bool has_own(const struct table_format *format, enum table_kind kind, enum table_kind other)
{
    for (size_t i = 0; i < format->count; i++) {
        const struct column *column = format->columns[i].column;

        if (column_is_of(column, kind) && !column_is_of(column, other))
            return true;
    }
    return false;
}

bool format_shows(const struct table_format *format, enum table_kind kind)
{
    enum table_kind other = kind == TABLE_LOCKS ? TABLE_QUEUE : TABLE_LOCKS;
    bool has_any = false;

    for (size_t i = 0; i < format->count; i++)
        has_any |= column_is_of(format->columns[i].column, kind);
    if (kind == TABLE_TALLY)
        return has_any;
    return has_any && (has_own(format, kind, other) || !has_own(format, other, kind));
}

struct sorting {
    const struct table_order *order;
    enum table_kind kind;
};

/* A row with the place at which it stood. */
struct placed {
    struct table_row row;
    size_t place;
};

static int compare(const void *a, const void *b, void *context)
{
    const struct placed *one = a, *other = b;
    const struct sorting *sorting = context;

    for (size_t i = 0; i < sorting->order->count; i++) {
        const struct sort_key *key = &sorting->order->keys[i];
        int order = 0;

        if (column_is_of(key->column, sorting->kind))
            order = column_compare(key->column, &one->row, &other->row);
        if (order != 0)
            return key->reversed ? -order : order;
    }
    return (one->place > other->place) - (one->place < other->place);
}

void format_sort(const struct table_order *order, enum table_kind kind, struct table_rows *rows)
{
    struct sorting sorting = {.order = order, .kind = kind};
    struct placed *placed = malloc((rows->count + 1) * sizeof *placed);

    /* Without memory they stay as they are. */
    if (placed == NULL)
        return;
    for (size_t i = 0; i < rows->count; i++)
        placed[i] = (struct placed){.row = rows->rows[i], .place = i};
    qsort_r(placed, rows->count, sizeof *placed, compare, &sorting);
    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i] = placed[i].row;
    free(placed);
}
