/* Ends the process that a watcher is there to end. */
#ifndef FARMLOCK_PIDWATCH_TARGET_H
#define FARMLOCK_PIDWATCH_TARGET_H

#include "watch.h"

/* Sends it, its group or what comes from it the signal of the watch, or has the killer do it; to
 * what cannot hear that the next one; and SIGKILL after the grace, if there is one.  Blocks until
 * all has ended, or it has told what is left.
 */
void victim_end(const struct pidwatch *watch);

#endif
