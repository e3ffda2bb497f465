/* The processes that a server was asked about lately: what is known of them costs no look. */
#ifndef FARMLOCK_PIDSTAT_RECENT_H
#define FARMLOCK_PIDSTAT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidstat.h"

struct recent;

enum { RECENT_MAX = 4096 };

/* How many may be kept: RECENT_MAX, but an eighth of the descriptors that a process may open at
 * most (RLIMIT_NOFILE, getrlimit(2)). */
size_t recent_share(void);

/* Keeps so many at most, each of which takes a descriptor, close-on-exec.  Where the kernel cannot
 * watch them none is kept, and all is as if it was asked for the first time.  NULL with errno
 * ENOMEM. */
struct recent *recent_create(size_t max);

/* Accepts NULL; keeps errno. */
void recent_destroy(struct recent *recent);

/* Questions have come in: what is answered from here on counts from here on.  Until the next call
 * the ends of processes are asked for once, at the first question that needs it. */
void recent_begin(struct recent *recent);

/* What process_lookup() says at some moment since recent_begin(); `started`, unless NULL, is set to
 * what process_start_time() says of the same process, where it exists.  Does not block, keeps
 * errno.
 */
enum pidstat_state recent_look_up(struct recent *recent, pid_t pid, uint64_t start,
                                  uint64_t *started);

/* Closes some descriptors, as there are no others left, and keeps fewer from now on.  False where
 * there were none. */
bool recent_give_back(struct recent *recent);

/* How many are kept. */
size_t recent_count(const struct recent *recent);

#endif
