/* What the completions of the four shells share. */
#ifndef FARMLOCK_CLI_COMPLETION_TEXT_H
#define FARMLOCK_CLI_COMPLETION_TEXT_H

#include <stdio.h>

#include "command_line.h"

/* Asks for the locks that are held, a line each: NAME OWNER.  A server that does not answer at once
 * is left alone. */
#define COMPLETION_ASK_LOCKS "timeout 1 lockersh --connect-tries 1 --locklist"

/* The option behind one that shells are to offer; the first for NULL; NULL at the end. */
const struct option_spec *completion_after(const struct command_line *line,
                                           const struct option_spec *option);

/* Prints the words of "a|b" with something between. */
void completion_print_words(FILE *out, const char *words, const char *between);

/* Prints each long name, with something in front. */
void completion_print_names(FILE *out, const struct command_line *line, const char *before);

/* Prints text with a backslash in front of each of some characters. */
void completion_print_escaped(FILE *out, const char *text, const char *special);

#endif
