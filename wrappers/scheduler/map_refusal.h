/* What is said of a --map that cannot be taken. */
#ifndef FARMLOCK_SCHEDULER_MAP_REFUSAL_H
#define FARMLOCK_SCHEDULER_MAP_REFUSAL_H

#include <stddef.h>

/* Writes the argument, cleaned for a terminal, and why it is refused.  Returns -1 with errno
 * `number`. */
int map_refusal(int number, char *error, size_t error_size, const char *text, const char *why);

#endif
