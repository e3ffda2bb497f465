/* A program's options in one table: what getopt_long(3) parses and what --help prints. */
#ifndef FARMLOCK_CLI_OPTIONS_H
#define FARMLOCK_CLI_OPTIONS_H

#include <stdio.h>

/* One option.  A table ends with an entry whose name is NULL. */
struct option_spec {
    int id;               /* what options_next() returns for it; above 0 */
    char letter;          /* the short form, or 0 */
    const char *name;     /* the long form, without dashes */
    const char *argument; /* what --help calls its argument; NULL when it takes none */
    const char *help;     /* one line */
};

enum { OPTIONS_MAX = 48, OPTIONS_END = -1, OPTIONS_ERROR = -2 };

/* Steps through the options of a command line; they end at the first word that is not one, or
 * behind "--".  Returns the id of the next option, with its argument in *argument (valid as long
 * as argv); OPTIONS_END, after which optind is the index of the first remaining word; or
 * OPTIONS_ERROR, with one clear line in `error`, without program name or newline.
 * The table may hold at most OPTIONS_MAX entries.  Not thread-safe, as getopt(3) is not.
 */
int options_next(const struct option_spec *table, int argc, char **argv, const char **argument,
                 char *error, size_t error_size);

/* Prints the table, two aligned columns. */
void options_print(FILE *out, const struct option_spec *table);

#endif
