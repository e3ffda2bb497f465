/* Grid Engine's commands, and what they print. */
#ifndef FARMLOCK_GRIDENGINE_COMMAND_H
#define FARMLOCK_GRIDENGINE_COMMAND_H

#include <stdbool.h>

/* Runs a command, such as {"qstat", "-j", "5", NULL}, found by PATH, and waits for its end.  Its
 * errors go where ours go, or `with_errors` into what is returned.  To be called in a child of
 * child_call(): it may hang, and ends when this process does.  Returns what it has printed, for the
 * caller to free, with its exit status; NULL after a line on standard error when it could not be
 * run, was killed, or printed too much.
 */
char *command_read(const char *const *words, bool with_errors, int *status);

#endif
