/* A command in a child: started, handed signals and waited for. */
#ifndef FARMLOCK_URIEXEC_LAUNCHER_H
#define FARMLOCK_URIEXEC_LAUNCHER_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One launcher while it runs. */
struct launcher {
    int told; /* the last signal that would have ended uriexec, or 0 */

    pid_t pid; /* private */
    int signals;
    sigset_t mask;
};

/* Forks a child, which ends with what run() returns and is sent SIGTERM when uriexec ends.
 * Returns -1 with errno; else launcher_wait() must follow. */
int launcher_start(struct launcher *launcher, int (*run)(void *context), void *context);

/* Hands the launcher the signals that uriexec is sent until it ends, and reaps whatever other
 * children end.  look() is called at the start, whenever a signal has come, whenever poll(2) has
 * something to say of the `count` descriptors in `watched`, which it may change, every `every_ms`
 * unless that is -1, and at the end; NULL: never.  Returns the launcher's status as waitpid(2) has
 * it. */
int launcher_wait(struct launcher *launcher, const struct pollfd *watched, size_t count,
                  int every_ms, void (*look)(void *context), void *context);

enum { LAUNCHER_WATCHED_MAX = 7 }; /* descriptors */

/* Ends uriexec by a signal; returns an exit status where that one is blocked. */
int launcher_end_by(int number);

#endif
