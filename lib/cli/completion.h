/* Completion of a program's command line by shells. */
#ifndef FARMLOCK_CLI_COMPLETION_H
#define FARMLOCK_CLI_COMPLETION_H

#include <stdio.h>

#include "command_line.h"

/* Prints the completion for "bash", "zsh", "fish" or "tcsh": a file for the folder where that shell
 * looks for such; of tcsh, a line to be sourced.  Returns -1 for another shell.
 *
 * Names that a server tells are offered quoted, or left out where the shell has no way to.
 */
int completion_print(FILE *out, const struct command_line *line, const char *shell);

#endif
