/* Completion of a program's command line by fish. */
#ifndef FARMLOCK_CLI_COMPLETION_FISH_H
#define FARMLOCK_CLI_COMPLETION_FISH_H

#include <stdio.h>

#include "command_line.h"

/* Prints the file for one program. */
void completion_print_fish(FILE *out, const struct command_line *line);

#endif
