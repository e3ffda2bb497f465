/* Processes for unit tests. */
#ifndef FARMLOCK_PROCESS_FIXTURE_H
#define FARMLOCK_PROCESS_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks a process that does nothing; it ends with this one at the latest. */
pid_t start_sleeper(void);

/* Kills it and takes what is left. */
void end_sleeper(pid_t pid);

/* True where the kernel has no pidfd_open(2), as valgrind 3.19 is a kernel; then says what of the
 * test is left out.
 */
bool lacks_pidfd(const char *left_out);

#endif
