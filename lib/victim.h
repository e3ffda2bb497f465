/* The process that a watcher ends: is it alive, and signals that reach it and no other. */
#ifndef FARMLOCK_VICTIM_H
#define FARMLOCK_VICTIM_H

#include "pidwatch.h"

/* True when the victim has ended. */
bool victim_has_ended(const struct pidwatch *watch);

/* Sends it the signal of the watch, or has the killer do it.  Returns the process group that was
 * signalled, or 0 for none but the process.
 */
pid_t victim_signal(const struct pidwatch *watch);

/* The same with SIGKILL, for the group that an earlier victim_signal() returned, if any, and that
 * was last seen at `seen_at` by process_clock().
 */
void victim_kill(const struct pidwatch *watch, pid_t group, uint64_t seen_at);

/* True when there is nobody left to kill. */
bool victim_is_done(const struct pidwatch *watch, pid_t group, uint64_t seen_at);

#endif
