/* The option of daemons that says whom to serve. */
#ifndef FARMLOCK_ALLOW_OPTION_H
#define FARMLOCK_ALLOW_OPTION_H

#include <stddef.h>

/* Takes --allow RANGE[,RANGE...] into an array with room for `most`.  Returns 0, or 64 after a
 * complaint. */
int allow_option_take(const char *program, const char *argument, const char **ranges, size_t *count,
                      size_t most);

#endif
