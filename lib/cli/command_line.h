/* The command line of a program: what it takes, and the reading of it with all that is said. */
#ifndef FARMLOCK_CLI_COMMAND_LINE_H
#define FARMLOCK_CLI_COMMAND_LINE_H

#include "options.h"

/* What the words behind the options are. */
enum command_line_words {
    WORDS_NONE,    /* there must not be any */
    WORDS_COMMAND, /* a command of its own: what begins with a dash there is not ours */
    WORDS_MIXED,   /* options may stand between and behind them */
    WORDS_LAST,    /* they are behind all options */
};

struct command_line {
    const char *program;               /* its name */
    const char *usage;                 /* how it is called, in lines */
    const char *summary;               /* what it does, in one sentence or two */
    const struct option_spec *options; /* see options.h */
    const char *notes;                 /* behind the options in --help; ends with the page */

    enum command_line_words words;
    enum option_completion completion; /* of WORDS_MIXED and WORDS_LAST */
    const char *candidates;            /* of COMPLETE_WORDS */
};

/* Reads a command line into `settings`, of the type that the table is for, and *words, up to a
 * NULL: those that are no options (in argv).
 * Returns -1 to go on; or the status to exit with: 0 after --help, --version and --completion, 71
 * where their text could not be written, 64 after a line about what is wrong, or what an option's
 * take() returned.
 */
int command_line_parse(const struct command_line *line, int argc, char **argv, void *settings,
                       char ***words);

/* The same with all that was found. */
int command_line_parse_all(const struct command_line *line, int argc, char **argv, void *settings,
                           struct options_outcome *outcome);

/* The same for a program that takes only options, and says which rows of its table came. */
int command_line_parse_options(const struct command_line *line, int argc, char **argv,
                               void *settings, bool given[OPTIONS_ROWS_MAX]);

#endif
