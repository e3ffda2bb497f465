/* The terminal that lists are shown on. */
#ifndef FARMLOCK_LOCKERSH_LIST_SCREEN_H
#define FARMLOCK_LOCKERSH_LIST_SCREEN_H

#include "locktable/table.h"

/* Finds out what standard output is, and how large at this moment; a file or a pipe has no limits.
 * It has colours where it is a terminal that can show them, and NO_COLOR does not forbid it. */
void list_screen_find(struct table_screen *screen);

#endif
