/* The process that a watcher ends: is it alive, and signals that reach it and no other. */
#ifndef FARMLOCK_PIDWATCH_TARGET_H
#define FARMLOCK_PIDWATCH_TARGET_H

#include "watch.h"

/* True when the victim has ended. */
bool victim_has_ended(const struct pidwatch *watch);

/* Sends it, or its group, the signal of the watch, or has the killer do it; and SIGKILL after the
 * grace, if there is one.  Blocks until then.
 */
void victim_end(const struct pidwatch *watch);

#endif
