/* Leaving a helper process behind that nobody waits for and that holds on to nothing. */
#ifndef FARMLOCK_PROCESS_DOUBLE_FORK_H
#define FARMLOCK_PROCESS_DOUBLE_FORK_H

#include <stddef.h>

/* Forks a process that is no child of the caller's: double-forked, in a session of its own, in
 * the root folder, without any descriptor but `keep`, and with /dev/null as standard input,
 * output and error; all is closed when the call returns in the caller.  So whoever reads from a
 * pipe that the caller has sees its end when the caller's own command closes it.
 *
 * Each of keep[] that is below 0 stands for none.  The others keep their numbers, but one of a
 * standard stream is replaced by a new one, close-on-exec.  In the caller keep[] says nothing then.
 * In the new process it returns 0.  In the caller it returns 1, or -1 with errno from fork(2).  The
 * helper must end with _exit(2).  Signal dispositions and mask stay as they are.
 */
int double_fork(int *keep, size_t keep_count);

#endif
