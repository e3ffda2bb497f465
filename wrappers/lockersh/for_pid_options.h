/* Options of lockersh that are about locks of processes other than its command. */
#ifndef FARMLOCK_LOCKERSH_FOR_PID_OPTIONS_H
#define FARMLOCK_LOCKERSH_FOR_PID_OPTIONS_H

#include "options.h"

/* Each returns 0, or the status to exit with after saying what is wrong. */
int for_pid_options_take_pid(void *context, const char *text);
int for_pid_options_take_port(void *context, const char *text);

/* Reads --format, which is another thing with --locklist.  Returns -1 where nothing is wrong. */
int for_pid_options_settle(struct lockersh_options *options);

/* What does not go together.  Returns -1 where nothing is wrong. */
int for_pid_options_check(const struct lockersh_options *options);

#endif
