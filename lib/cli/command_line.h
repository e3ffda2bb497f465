/* Stepping through a program's options, help and version included. */
#ifndef FARMLOCK_CLI_COMMAND_LINE_H
#define FARMLOCK_CLI_COMMAND_LINE_H

#include <stdint.h>

#include "options.h"

struct command_line_spec {
    const char *program;             /* its name, for messages */
    const struct option_spec *table; /* see options.h */
    int help_id, version_id;         /* of --help and --version in the table */
    void (*print_help)(void);

    /* Takes any other option.  Returns 0, or the status to exit with, having said why. */
    int (*take)(void *context, int option, const char *argument);
};

/* Takes the options at the front of a command line; optind is behind them then (getopt(3)).
 * Returns -1 to go on, or the status to exit with: 0 after --help or --version, 64 after an option
 * that is wrong, or what take() returned.
 */
int command_line_parse(const struct command_line_spec *spec, int argc, char **argv, void *context);

/* Takes an option's seconds, with an optional fraction.  Returns 0 with *value_ms; or 64, having
 * said what may be given.
 */
int command_line_seconds(const char *program, const char *option, const char *argument,
                         int64_t min_ms, int64_t max_ms, int64_t *value_ms);

#endif
