/* A list of locks and waiters as people want to see it. */
#ifndef FARMLOCK_LOCKTABLE_VIEW_H
#define FARMLOCK_LOCKTABLE_VIEW_H

#include "filter.h"
#include "format.h"
#include "table.h"
#include "tally.h"

/* What is wanted; all zero but for `by` is all of it. */
struct list_view {
    struct list_filter filter;
    enum tally_by by;           /* TALLY_NOTHING: the lists themselves */
    struct table_format format; /* empty: the usual columns */
    struct table_order
        order; /* empty: locks by name, waiters as they came, sums the largest first */
    bool no_heading;
    bool expands; /* a row for each lock */
};

/* Prints the locks and the queue, or what they come to.  Returns 0, or -1 with errno ENOMEM. */
int view_print(FILE *out, const struct ipclocker_list *list, const struct list_view *view,
               const struct table_screen *screen);

#endif
