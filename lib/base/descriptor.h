/* File descriptors: closing them, letting go of them, how many there may be. */
#ifndef FARMLOCK_BASE_DESCRIPTOR_H
#define FARMLOCK_BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes a descriptor, unless it is below 0.  Keeps errno: for the way out after a failure. */
void descriptor_close(int fd);

/* Reads from a descriptor to its end, or until `size` bytes are there.  Returns how many that are,
 * or -1 with errno from read(2), but EINTR. */
ssize_t descriptor_read(int fd, char *buf, size_t size);

/* Makes an eventfd(2) readable.  It cannot fail but where the counter is full, and then it is. */
void descriptor_notify(int fd);

/* Closes all descriptors above standard error but `keep`, whose numbers below 0 stand for none. */
void descriptor_close_all_but(const int *keep, size_t keep_count);

/* Points standard input and output, and standard error too if it says so, to /dev/null.  Returns 0,
 * or -1 with errno from open(2).
 */
int descriptor_streams_to_null(bool with_stderr);

/* To be called first in main(): puts /dev/null in the place of standard streams that are closed, so
 * that no other descriptor gets their numbers; writing there fails as before.  `flags` is O_CLOEXEC
 * for one who becomes another program, which finds them closed again, else 0.
 */
void descriptor_occupy_streams(int flags);

/* Whether so many more, 8 at most, can be opened now: for what does not survive that they cannot.
 * Returns 0, or -1 with EMFILE, ENFILE or ENOMEM.
 */
int descriptor_spare(unsigned count);

/* Allows as many descriptors as RLIMIT_NOFILE can be raised to (getrlimit(2)). */
void descriptor_raise_limit(void);

#endif
