/* Makes tables of a list.
 * Must not ask a server for one. */
#include "view.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text_width.h"
#include "offline_lines.h"

static const char *usual_format(const struct list_view *view, enum table_kind kind)
{
    static const char *const tallies[] = {
        [TALLY_NOTHING] = NULL,
        [TALLY_USER] = "user,held,longest,waiting,oldest",
        [TALLY_HOST] = "host,held,longest,waiting,oldest",
        [TALLY_JOB] = "job,held,longest,waiting,oldest",
        [TALLY_POOL] = "pool,held,longest,waiting,oldest",
    };

    if (kind == TABLE_LOCKS)
        return "lock,user,host,pid,job,since,for,limit,waiting,state";
    if (kind == TABLE_QUEUE)
        return "place,user,host,pid,job,since,for,reason,wants";
    return tallies[view->by];
}

static const char *usual_order(enum table_kind kind)
{
    static const char *const orders[] = {
        [TABLE_LOCKS] = "lock", [TABLE_QUEUE] = NULL, [TABLE_TALLY] = "-held,-waiting"};

    return orders[kind];
}

/* What is being shown. */
struct showing {
    FILE *out;
    const struct ipclocker_list *list;
    const struct list_view *view;
    const struct table_screen *screen;
    size_t tables; /* that were printed */
};

static bool is_shown(const struct list_view *view, enum table_kind kind)
{
    if ((view->by == TALLY_NOTHING) != (kind != TABLE_TALLY))
        return false;
    return view->format.count == 0 || format_shows(&view->format, kind);
}

/* The formats and orders in here are right, or a test has failed. */
static void choose(const struct list_view *view, enum table_kind kind, struct table_format *format,
                   struct table_order *order)
{
    char error[FORMAT_ERROR_SIZE];
    int wrong = 0;

    *format = view->format;
    *order = view->order;
    if (format->count == 0)
        wrong = format_parse(usual_format(view, kind), format, error);
    if (order->count == 0 && usual_order(kind) != NULL)
        wrong |= format_parse_order(usual_order(kind), order, error);
    assert(wrong == 0);
    (void)wrong;
}

static int print_rows(struct showing *showing, enum table_kind kind, struct table_rows *rows,
                      size_t most)
{
    const struct list_view *view = showing->view;
    const struct ipclocker_list_head *head = ipclocker_list_head(showing->list);
    const struct table_look look = {
        .screen = showing->screen,
        .clock = {.now_ms = head->time_ms, .is_short = showing->screen->is_terminal},
        .has_heading = !view->no_heading,
        .is_usual = view->format.count == 0,
        .hides_empty = view->format.count == 0 && head->protocol < 2,
    };
    struct table_format format;
    struct table_order order;

    choose(view, kind, &format, &order);
    format_sort(&order, kind, rows);
    if (showing->tables++ > 0)
        fputc('\n', showing->out);
    if (table_print(showing->out, &format, kind, rows, most, &look) != 0)
        return -1;
    if (rows->count > most)
        fprintf(showing->out, "... and %zu more\n", rows->count - most);
    return 0;
}

/* How many rows of each there is room for: both have their heading and a line for what is left out,
 * and a queue that is short does not have more than it needs. */
static void share_lines(size_t lines, size_t locks, size_t waiters, size_t *most_locks,
                        size_t *most_waiters)
{
    size_t room = lines > 6 ? lines - 5 : 1, half = room / 2;

    *most_locks = *most_waiters = SIZE_MAX;
    if (lines == 0 || locks + waiters <= room)
        return;
    *most_waiters = waiters < half ? waiters : locks < half ? room - locks : half;
    *most_locks = room - *most_waiters;
}

/* Where somebody chose columns, a script may read them. */
static bool shows_offline(const struct showing *showing)
{
    return showing->view->format.count == 0;
}

/* The lines of a screen but those of what is offline; 0: no limit. */
static size_t lines_above(const struct showing *showing)
{
    size_t lines = showing->screen->lines, below = 0;

    if (shows_offline(showing))
        below = offline_lines_count(showing->list, &showing->view->filter);
    return lines > below ? lines - below : lines > 0;
}

static bool says_nothing(const struct showing *showing, const struct table_rows *locks,
                         const struct table_rows *waiters)
{
    return showing->screen->is_terminal && locks->count == 0 && waiters->count == 0 &&
           showing->view->format.count == 0;
}

static int print_both(struct showing *showing, struct table_rows *locks, struct table_rows *waiters)
{
    size_t most_locks, most_waiters;

    if (says_nothing(showing, locks, waiters)) {
        fputs(filter_is_empty(&showing->view->filter) ? "No lock is held, and nobody waits.\n"
                                                      : "Nothing of that is held or waited for.\n",
              showing->out);
        return 0;
    }
    share_lines(lines_above(showing), locks->count, waiters->count, &most_locks, &most_waiters);
    if (is_shown(showing->view, TABLE_LOCKS) &&
        (locks->count > 0 || !showing->screen->is_terminal) &&
        print_rows(showing, TABLE_LOCKS, locks, most_locks) != 0)
        return -1;
    if (is_shown(showing->view, TABLE_QUEUE) && waiters->count > 0)
        return print_rows(showing, TABLE_QUEUE, waiters, most_waiters);
    return 0;
}

static void print_offline(const struct showing *showing)
{
    if (shows_offline(showing))
        offline_lines_print(showing->out, showing->list, &showing->view->filter,
                            showing->screen->lines > 0 ? OFFLINE_LINES_MOST : SIZE_MAX);
}

static int show_lists(struct showing *showing)
{
    struct table_rows locks = {0}, waiters = {0};
    const struct list_view *view = showing->view;
    int result = 0;

    if (is_shown(view, TABLE_LOCKS))
        result = rows_add_locks(&locks, showing->list, &view->filter, view->expands);
    if (result == 0 && is_shown(view, TABLE_QUEUE))
        result = rows_add_waiters(&waiters, showing->list, &view->filter);
    if (result == 0)
        result = print_both(showing, &locks, &waiters);
    if (result == 0)
        print_offline(showing);
    rows_fini(&locks);
    rows_fini(&waiters);
    return result;
}

static int show_tally(struct showing *showing)
{
    const struct table_screen *screen = showing->screen;
    struct table_rows rows = {0};
    struct row_tally *tallies =
        tally_add_rows(&rows, showing->list, &showing->view->filter, showing->view->by);
    int result = tallies != NULL ? 0 : -1;

    if (result == 0)
        result = print_rows(showing, TABLE_TALLY, &rows,
                            screen->lines > 3 ? screen->lines - 2 : SIZE_MAX);
    rows_fini(&rows);
    free(tallies);
    return result;
}

int view_print(FILE *out, const struct ipclocker_list *list, const struct list_view *view,
               const struct table_screen *screen)
{
    struct showing showing = {.out = out, .list = list, .view = view, .screen = screen};

    text_width_use_utf8();
    return view->by != TALLY_NOTHING ? show_tally(&showing) : show_lists(&showing);
}
