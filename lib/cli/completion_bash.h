/* Completion of a program's command line by bash. */
#ifndef FARMLOCK_CLI_COMPLETION_BASH_H
#define FARMLOCK_CLI_COMPLETION_BASH_H

#include <stdio.h>

#include "command_line.h"

/* Prints the file for one program. */
void completion_print_bash(FILE *out, const struct command_line *line);

#endif
