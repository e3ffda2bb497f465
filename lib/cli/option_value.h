/* The values of options, checked and put where they go. */
#ifndef FARMLOCK_CLI_OPTION_VALUE_H
#define FARMLOCK_CLI_OPTION_VALUE_H

#include "options.h"

/* Sets the member of `settings` that an option is for, or calls its take(); `argument` is NULL for
 * one that has none.  Returns 0, or the status to exit with, with a line in `error` unless take()
 * said why.
 */
int option_value_set(const struct option_spec *option, bool negated, const char *argument,
                     void *settings, char error[OPTIONS_ERROR_SIZE]);

#endif
