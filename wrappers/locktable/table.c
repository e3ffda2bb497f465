/* Prints tables.
 * Must not let a stranger's text change the place of what stands behind it. */
#include "table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_width.h"
#include "layout.h"

/* A table that is being printed. */
struct printing {
    FILE *out;
    const struct table_format *format;
    enum table_kind kind;
    const struct table_look *look;
    struct layout_column layout[FORMAT_COLUMNS_MAX];
};

/* A text that is harmless and, as most are, needs nothing done. */
static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* The cell's text, in `scratch` or memory that is written to *owned, for the caller to free(3).
 * NULL with errno ENOMEM. */
static const char *cell(const struct printing *table, size_t index, const struct table_row *row,
                        char scratch[COLUMN_SCRATCH], char **owned)
{
    const char *text =
        column_text(table->format->columns[index].column, row, &table->look->clock, scratch);

    *owned = NULL;
    if (is_plain(text))
        return text;
    *owned = text_clean_dup(text);
    return *owned;
}

static bool is_empty(const struct column *column, const struct table_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!column_is_empty(column, &rows->rows[i]))
            return false;
    }
    return true;
}

/* As wide as what is widest in it. */
static int measure(struct printing *table, size_t index, const struct table_rows *rows, size_t most)
{
    struct layout_column *layout = &table->layout[index];
    char scratch[COLUMN_SCRATCH], *owned;

    for (size_t i = 0; i < most; i++) {
        const char *text = cell(table, index, &rows->rows[i], scratch, &owned);
        size_t width;

        if (text == NULL)
            return -1;
        width = owned != NULL ? text_width(text) : strlen(text);
        if (width > layout->width)
            layout->width = width;
        free(owned);
    }
    return 0;
}

static int lay_out_column(struct printing *table, size_t index, const struct table_rows *rows,
                          size_t most)
{
    const struct format_column *wanted = &table->format->columns[index];
    const struct column *column = wanted->column;
    struct layout_column *layout = &table->layout[index];
    bool may_go = table->look->hides_empty || (table->look->is_usual && column->is_seldom);

    *layout = (struct layout_column){.rank = column->rank, .least = LAYOUT_FIXED};
    if (!column_is_of(column, table->kind) || (may_go && is_empty(column, rows)))
        return 0;
    layout->width = wanted->width;
    if (wanted->width > 0)
        return 0;
    if (column->kind == COLUMN_TEXT)
        layout->least = column->least;
    layout->width = table->look->has_heading ? strlen(column->heading) : 1;
    return measure(table, index, rows, most);
}

static int lay_out(struct printing *table, const struct table_rows *rows, size_t most)
{
    for (size_t i = 0; i < table->format->count; i++) {
        if (lay_out_column(table, i, rows, most) != 0)
            return -1;
    }
    if (table->look->screen->columns > 0)
        layout_fit(table->layout, table->format->count, table->look->screen->columns,
                   table->look->is_usual);
    return 0;
}

/* Blanks are written with what stands behind them: a line has none at its end. */
static void print_cell(const struct printing *table, size_t index, const char *text, size_t *blanks)
{
    size_t room = table->layout[index].width, len = strlen(text);
    size_t used = is_plain(text) ? len : text_width(text), rest;
    bool is_cut = used > room;

    if (is_cut)
        len = text_width_cut(text, room - 1, &used);
    rest = room - used - is_cut;
    if (table->format->columns[index].to_right)
        *blanks += rest;
    fprintf(table->out, "%*s%.*s%s", (int)*blanks, "", (int)len, text, is_cut ? "+" : "");
    *blanks = LAYOUT_GAP + (table->format->columns[index].to_right ? 0 : rest);
}

static void print_heading(const struct printing *table)
{
    bool has_colour = table->look->screen->has_colour;
    size_t blanks = 0;

    if (has_colour)
        fputs("\033[1m", table->out);
    for (size_t i = 0; i < table->format->count; i++) {
        if (table->layout[i].width > 0)
            print_cell(table, i, table->format->columns[i].column->heading, &blanks);
    }
    fputs(has_colour ? "\033[0m\n" : "\n", table->out);
}

static int print_row(const struct printing *table, const struct table_row *row)
{
    char scratch[COLUMN_SCRATCH], *owned;
    size_t blanks = 0;

    for (size_t i = 0; i < table->format->count; i++) {
        const char *text;

        if (table->layout[i].width == 0)
            continue;
        text = cell(table, i, row, scratch, &owned);
        if (text == NULL)
            return -1;
        print_cell(table, i, text, &blanks);
        free(owned);
    }
    fputc('\n', table->out);
    return 0;
}

int table_print(FILE *out, const struct table_format *format, enum table_kind kind,
                const struct table_rows *rows, size_t most, const struct table_look *look)
{
    struct printing table = {.out = out, .format = format, .kind = kind, .look = look};
    size_t count = rows->count < most ? rows->count : most;

    if (lay_out(&table, rows, count) != 0)
        return -1;
    if (look->has_heading)
        print_heading(&table);
    for (size_t i = 0; i < count; i++) {
        if (print_row(&table, &rows->rows[i]) != 0)
            return -1;
    }
    return 0;
}
