/* What is out of use, below the tables of locks and waiters. */
#ifndef FARMLOCK_LOCKTABLE_OFFLINE_LINES_H
#define FARMLOCK_LOCKTABLE_OFFLINE_LINES_H

#include <stdio.h>

#include "filter.h"

enum { OFFLINE_LINES_MOST = 5 }; /* on a screen; and one that says how many more there are */

/* So many lines there are of a list on a screen. */
size_t offline_lines_count(const struct ipclocker_list *list, const struct list_filter *filter);

/* Prints a line for each lock and seat that is offline and that a filter lets through, `most` at
 * most: "-- offline: board3 (board), for 2 h more: new cable". */
void offline_lines_print(FILE *out, const struct ipclocker_list *list,
                         const struct list_filter *filter, size_t most);

#endif
