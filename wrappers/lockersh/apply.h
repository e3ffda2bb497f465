/* What the command line says, for the library. */
#ifndef FARMLOCK_LOCKERSH_APPLY_H
#define FARMLOCK_LOCKERSH_APPLY_H

#include "ipclocker.h"
#include "options.h"

/* Sets a handle's parameters accordingly.  Returns 0, or the status to exit with after saying what
 * is wrong. */
int apply_options(const struct lockersh_options *options, struct ipclocker *lock);

#endif
