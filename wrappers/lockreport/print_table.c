/* A report as a table, which fits the terminal.
 * Must not let a name harm that. */
#include "print_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_width.h"
#include "cell.h"
#include "print_breaks.h"
#include "print_holes.h"
#include "print_offline.h"
#include "times.h"

/* A character for each part of the time, or for several of them. */
static void print_plot(const struct report_group *group, size_t columns, bool utf8, FILE *out)
{
    double full = group->capacity > 0 ? (double)group->capacity : (double)group->peak;
    size_t each = columns > 0 ? REPORT_SLOTS / columns : 0;

    for (size_t i = 0; i < columns; i++) {
        double sum = 0;

        for (size_t s = i * each; s < (i + 1) * each; s++)
            sum += group->slots[s];
        fputs(cell_block(full > 0 ? sum / (double)each / full : 0, utf8), out);
    }
}

enum {
    PLOT_COLUMNS_MIN = 8, /* a narrower one says nothing */
    PLOT_COLUMNS_FAIR = 16,
};

static void put_count(char cell[CELL_SIZE], size_t count)
{
    snprintf(cell, CELL_SIZE, "%zu", count);
}

static void put_length(char cell[CELL_SIZE], int64_t ms, size_t count)
{
    if (count > 0)
        cell_put_length(cell, ms);
}

static void put_holds(char cell[CELL_SIZE], const struct report_group *group)
{
    put_count(cell, group->holds);
}

static void put_hours(char cell[CELL_SIZE], const struct report_group *group)
{
    snprintf(cell, CELL_SIZE, "%.1f", (double)group->busy_ms / 3600000);
}

static void put_share(char cell[CELL_SIZE], const struct report_group *group)
{
    cell_put_part(cell, group->share, 1);
}

static void put_peak(char cell[CELL_SIZE], const struct report_group *group)
{
    put_count(cell, group->peak);
}

static void put_mean(char cell[CELL_SIZE], const struct report_group *group)
{
    snprintf(cell, CELL_SIZE, "%.2f", group->mean);
}

static void put_use(char cell[CELL_SIZE], const struct report_group *group)
{
    cell_put_part(cell, group->mean, (double)group->capacity);
}

static void put_full(char cell[CELL_SIZE], const struct report_group *group)
{
    if (group->capacity > 0)
        cell_put_part(cell, (double)group->full_ms, (double)group->time_ms);
}

static void put_in_want(char cell[CELL_SIZE], const struct report_group *group)
{
    if (group->capacity > 0)
        cell_put_part(cell, (double)group->waiting_full_ms, (double)group->time_ms);
}

static void put_held(char cell[CELL_SIZE], const struct report_group *group)
{
    put_length(cell, group->hold.median_ms, group->holds);
}

static void put_waits(char cell[CELL_SIZE], const struct report_group *group)
{
    put_count(cell, group->waits);
}

static void put_waited(char cell[CELL_SIZE], const struct report_group *group)
{
    cell_put_part(cell, (double)group->granted_late, (double)group->granted);
}

static void put_median(char cell[CELL_SIZE], const struct report_group *group)
{
    put_length(cell, group->wait.median_ms, group->waits);
}

static void put_p90(char cell[CELL_SIZE], const struct report_group *group)
{
    put_length(cell, group->wait.p90_ms, group->waits);
}

static void put_worst(char cell[CELL_SIZE], const struct report_group *group)
{
    put_length(cell, group->wait.longest_ms, group->waits);
}

static void put_refused(char cell[CELL_SIZE], const struct report_group *group)
{
    put_count(cell, group->refused);
}

static void put_left(char cell[CELL_SIZE], const struct report_group *group)
{
    put_count(cell, group->left);
}

static const struct column {
    const char *title;
    int width;
    int rank; /* 0: it is always shown; others come in this order where there is room */
    void (*put)(char cell[CELL_SIZE], const struct report_group *group);
} table[] = {
    {"HOLDS", 6, 0, put_holds}, {"HOURS", 8, 1, put_hours},   {"SHARE", 5, 2, put_share},
    {"HELD", 6, 6, put_held},   {"PEAK", 4, 0, put_peak},     {"MEAN", 6, 0, put_mean},
    {"USE", 4, 0, put_use},     {"FULL", 4, 3, put_full},     {"WANT", 4, 4, put_in_want},
    {"WAITS", 6, 0, put_waits}, {"WAITED", 6, 5, put_waited}, {"MEDIAN", 6, 0, put_median},
    {"90%", 6, 0, put_p90},     {"WORST", 6, 0, put_worst},   {"REFUSED", 7, 0, put_refused},
    {"LEFT", 5, 0, put_left},
};
enum { COLUMNS = sizeof table / sizeof *table, RANK_LAST = 6 };

/* What of a row a screen has room for. */
struct layout {
    size_t name, plot; /* their columns */
    int rank;          /* the last that is shown */
};

static void print_numbers(const struct report_group *group, int rank, FILE *out)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        char cell[CELL_SIZE] = "-";

        if (table[i].rank > rank)
            continue;
        table[i].put(cell, group);
        fprintf(out, " %*s", table[i].width, cell);
    }
}

static void print_titles(int rank, FILE *out)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (table[i].rank <= rank)
            fprintf(out, " %*s", table[i].width, table[i].title);
    }
}

/* The columns that all numbers up to a rank take. */
static size_t numbers_columns(int rank)
{
    size_t used = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        used += table[i].rank <= rank ? (size_t)table[i].width + 1 : 0;
    return used;
}

static size_t name_columns(char *const *names, size_t count)
{
    enum { LEAST = 4, MOST = 40 };
    size_t columns = LEAST;

    for (size_t i = 0; i < count; i++) {
        size_t used = text_width(names[i]);

        columns = used > columns ? used : columns;
    }
    return columns < MOST ? columns : MOST;
}

/* A part of the slots that divides them evenly, as many as fit. */
static size_t plot_columns(size_t used, size_t width)
{
    size_t columns = REPORT_SLOTS;

    if (width == 0)
        return columns;
    while (columns >= PLOT_COLUMNS_MIN && used + columns > width)
        columns /= 2;
    return columns >= PLOT_COLUMNS_MIN ? columns : 0;
}

/* A plot that can be read is worth more than the numbers that are not always shown, and these more
 * than a finer plot. */
static struct layout find_layout(char *const *names, size_t count, size_t width)
{
    struct layout layout = {.name = name_columns(names, count)};

    if (width == 0)
        layout.rank = RANK_LAST;
    while (layout.rank < RANK_LAST &&
           layout.name + numbers_columns(layout.rank + 1) + 2 + PLOT_COLUMNS_FAIR <= width)
        layout.rank++;
    layout.plot = plot_columns(layout.name + numbers_columns(layout.rank) + 2, width);
    return layout;
}

static void print_row(const struct report_group *group, const char *name,
                      const struct layout *layout, bool utf8, FILE *out)
{
    cell_print(name, layout->name, out);
    print_numbers(group, layout->rank, out);
    if (layout->plot > 0)
        fputs("  ", out);
    print_plot(group, layout->plot, utf8, out);
    fputc('\n', out);
}

static void print_rows(const struct report *report, const struct report_group *groups,
                       char *const *names, size_t count, const struct report_screen *screen,
                       FILE *out)
{
    static const char *const titles[] = {"LOCK", "USER", "HOST", "JOB", "POOL", "PROJECT"};
    struct layout layout = find_layout(names, count, screen->columns);

    cell_print(titles[report_by(report)], layout.name, out);
    print_titles(layout.rank, out);
    if (layout.plot > 0)
        fputs(layout.plot >= sizeof "OVER TIME" - 1 ? "  OVER TIME" : "  TIME", out);
    fputc('\n', out);
    for (size_t i = 0; i < count; i++)
        print_row(&groups[i], names[i], &layout, screen->utf8, out);
    if (count > 1) {
        fputc('\n', out);
        print_row(report_total(report), "all", &layout, screen->utf8, out);
    }
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* One that was proven is told from one that was claimed. */
static char *shown_name(const struct report_group *group)
{
    char *clean = text_clean_dup(group->name), *shown = NULL;

    if (clean == NULL || !group->is_proven)
        return clean;
    if (asprintf(&shown, "%s (uid %u)", clean, group->uid) < 0)
        shown = NULL;
    free(clean);
    return shown;
}

static char **clean_names(const struct report_group *groups, size_t count)
{
    char **names = calloc(count + 1, sizeof *names);

    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        names[i] = shown_name(&groups[i]);
        if (names[i] == NULL) {
            free_names(names, i);
            return NULL;
        }
    }
    return names;
}

int report_print_table(struct report *report, const struct report_group *groups, size_t count,
                       const struct report_screen *screen, FILE *out)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];
    char **names = clean_names(groups, count);

    if (names == NULL) {
        errno = ENOMEM;
        return -1;
    }
    report_format_time(since, report_since_ms(report));
    report_format_time(until, report_until_ms(report));
    fprintf(out, "From %s to %s\n", since, until);
    print_holes(report_holes(report), "Note: ", out);
    fputc('\n', out);
    print_rows(report, groups, names, count, screen, out);
    if (count == 0)
        fputs("Nothing was held, waited for or refused.\n", out);
    print_breaks(report_breaks(report), out);
    print_offline(report_offline(report), out);
    free_names(names, count);
    return 0;
}
