/* The list, again and again. */
#ifndef FARMLOCK_LOCKERSH_LIST_WATCH_H
#define FARMLOCK_LOCKERSH_LIST_WATCH_H

#include "ipclocker.h"
#include "list_options.h"

/* Shows the list, and what has become of it so often, in place on a terminal, one below the other
 * elsewhere; for as long as it is not ended by a signal, over one connection as long as that lasts.
 * A server that goes away is looked for each time, and the last list stays, with a line that says
 * so.  Returns the status to exit with, having said what is wrong; -1 with errno where no server
 * answers from the start.
 */
int list_watch(const struct list_options *options, struct ipclocker *lock);

#endif
