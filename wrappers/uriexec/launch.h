/* Runs launchers: starts them, hands them signals and waits for them. */
#ifndef FARMLOCK_URIEXEC_LAUNCH_H
#define FARMLOCK_URIEXEC_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "uricommand.h"

/* One launcher while it runs. */
struct launcher {
    int output;   /* where its standard output goes, and it has no input; -1: both are uriexec's */
    bool quietly; /* with an output, standard error is thrown away */

    int told; /* the last signal that would have ended uriexec, or 0 */

    pid_t pid; /* private */
    int signals;
    sigset_t mask;
};

/* Starts `command` for sh(1), as the first two members say.  Returns -1 with errno; else
 * launch_wait() must follow. */
int launch_start(struct launcher *launcher, const char *command);

/* Hands the launcher the signals that uriexec is sent until it ends.  Whenever there is something
 * to read in `from`, unless that is -1, take() is called: to read all that is there, and to return
 * false at the end of it.  Returns the launcher's status as waitpid(2) has it. */
int launch_wait(struct launcher *launcher, int from, bool (*take)(int from, void *context),
                void *context);

/* Ends uriexec by a signal; returns an exit status where that one is blocked. */
int launch_end_by(int number);

/* Runs the command built for these hops and says what may be wrong when nothing was found to run.
 * Returns the exit status; a launcher that a signal ended ends uriexec with the same.
 */
int launch(const struct uricommand_hop *hops, size_t count, const char *command);

#endif
