/* What --help prints. */
#ifndef FARMLOCK_CLI_HELP_H
#define FARMLOCK_CLI_HELP_H

#include <stdio.h>

#include "command_line.h"

/* Prints how a program is called and its options, in at most 80 columns. */
void help_print(FILE *out, const struct command_line *line);

#endif
