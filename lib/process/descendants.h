/* Ending whatever this process has started, whoever started it in turn. */
#ifndef FARMLOCK_PROCESS_DESCENDANTS_H
#define FARMLOCK_PROCESS_DESCENDANTS_H

#include <stdint.h>

/* To be called before the first fork(2): what loses its parent, a daemon too, becomes this
 * process's child, and not init's, so that it is still found (PR_SET_CHILD_SUBREAPER, prctl(2)).
 */
void descendants_keep(void);

/* Sends SIGTERM, once to each, to all descendants of this process, and SIGKILL to those that are
 * left after `grace_ms`; blocks until nobody is left but zombies and those that it may not signal.
 * Without a /proc of this pid namespace it finds nobody.
 */
void descendants_end(int64_t grace_ms);

#endif
