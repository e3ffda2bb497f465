/* What lockflex prints of a look. */
#ifndef FARMLOCK_LOCKFLEX_PRINT_H
#define FARMLOCK_LOCKFLEX_PRINT_H

#include "look.h"

/* What was printed last, so that only news is. */
struct print {
    char *told; /* owned; NULL: nothing */
};

/* Prints a look to standard output, if it differs from what was printed last.  Returns 0, or -1
 * with errno. */
int print_look(struct print *print, const struct settings *settings, const struct look *look);
void print_fini(struct print *print);

#endif
