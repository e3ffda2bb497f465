/* The text of a list, from a program or a file, within a time. */
#ifndef FARMLOCK_LOCKFLEX_LISTING_H
#define FARMLOCK_LOCKFLEX_LISTING_H

#include <stdint.h>

#include "lines.h"

enum { LISTING_ERROR_SIZE = 512 };

/* Runs a program, found by PATH, in a process group of its own, and hands on what it prints until
 * it ends.  Then, after `deadline_ms`, or when stop_wanted(), the whole group is killed.
 * Returns 0 with its exit status and the last line that it has written to standard error (harmless,
 * or ""); else -1 with errno, and `error` says why:
 *   ETIMEDOUT  it did not end in time
 *   EINTR      stop_wanted()
 *   EPROTO     it was killed, or has printed more than 64 MiB
 *   ENOENT     it could not be run
 *   others     of what take() returned, or of starting a process
 */
int listing_run(const char *const *words, int64_t deadline_ms, struct lines *lines, int *status,
                char error[LISTING_ERROR_SIZE]);

/* Hands on what is in a file; "-" is standard input.  Returns 0, or -1 with errno and `error`. */
int listing_read(const char *path, int64_t deadline_ms, struct lines *lines,
                 char error[LISTING_ERROR_SIZE]);

#endif
