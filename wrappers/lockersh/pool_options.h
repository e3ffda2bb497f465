/* Options of lockersh that are about pools, as functions of its table of options. */
#ifndef FARMLOCK_LOCKERSH_POOL_OPTIONS_H
#define FARMLOCK_LOCKERSH_POOL_OPTIONS_H

#include <stdint.h>

#include "options.h"

enum { POOL_OPTIONS_FOR_MOST_S = 30 * 24 * 3600 };

/* Each returns 0, or the status to exit with after saying what is wrong. */
int pool_options_take_priority(void *context, const char *text);

/* "vcs=7": the name of the pool and the number behind it, in *seats.  Returns the length of the
 * name; 0 where it is none such. */
size_t pool_options_parse_outside(const char *text, unsigned *seats);

/* What does not go together.  Returns -1 where nothing is wrong. */
int pool_options_check(const struct lockersh_options *options);

#endif
