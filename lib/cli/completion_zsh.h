/* Completion of a program's command line by zsh. */
#ifndef FARMLOCK_CLI_COMPLETION_ZSH_H
#define FARMLOCK_CLI_COMPLETION_ZSH_H

#include <stdio.h>

#include "command_line.h"

/* Prints the file for one program. */
void completion_print_zsh(FILE *out, const struct command_line *line);

#endif
