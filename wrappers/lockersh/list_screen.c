/* Looks at the terminal.
 * Must not write to it. */
#include "list_screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_USUAL = 80, LINES_USUAL = 24 }; /* of a terminal that does not say */

/* NO_COLOR: https://no-color.org */
static bool may_have_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return (no == NULL || *no == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

void list_screen_find(struct table_screen *screen)
{
    struct winsize size = {0};

    *screen = (struct table_screen){.is_terminal = isatty(STDOUT_FILENO) == 1};
    if (!screen->is_terminal)
        return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    screen->columns = size.ws_col > 0 ? size.ws_col : COLUMNS_USUAL;
    screen->lines = size.ws_row > 0 ? size.ws_row : LINES_USUAL;
    screen->has_colour = may_have_colour();
}
