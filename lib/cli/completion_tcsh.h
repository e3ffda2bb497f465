/* Completion of a program's command line by tcsh. */
#ifndef FARMLOCK_CLI_COMPLETION_TCSH_H
#define FARMLOCK_CLI_COMPLETION_TCSH_H

#include <stdio.h>

#include "command_line.h"

/* Prints the line for one program. */
void completion_print_tcsh(FILE *out, const struct command_line *line);

#endif
