/* Ends the process that a watcher is there to end. */
#ifndef FARMLOCK_PIDWATCH_TARGET_H
#define FARMLOCK_PIDWATCH_TARGET_H

#include "watch.h"

/* Sends it, or its group, the signal of the watch, or has the killer do it; and SIGKILL after the
 * grace, if there is one.  Blocks until then.
 */
void victim_end(const struct pidwatch *watch);

#endif
