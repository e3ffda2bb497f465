/* What would come of a request, for people and as JSON. */
#ifndef FARMLOCK_LOCKERSH_FORECAST_H
#define FARMLOCK_LOCKERSH_FORECAST_H

#include "options.h"

/* Asks the server and prints what it says.  Returns the status to exit with: 0 where the locks
 * would be granted, that of a conflict where there would be a wait, FORECAST_REFUSED; or -1 where
 * the server could not say, with ipclocker_error(). */
enum { FORECAST_REFUSED = 2 };
int forecast_print(const struct lockersh_options *options, struct ipclocker *lock,
                   const char *demand);

#endif
