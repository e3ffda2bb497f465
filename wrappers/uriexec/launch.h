/* The near end of hops: runs the first launcher, and says what a status that came back may mean. */
#ifndef FARMLOCK_URIEXEC_LAUNCH_H
#define FARMLOCK_URIEXEC_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uricommand.h"

struct launch {
    const struct uricommand_hop *hops;
    size_t hop_count;
    const char *command; /* for sh(1), built for these hops */
    bool enters;         /* a folder at the far end */
    bool tie, holds_input;
    int64_t grace_ms;
};

/* True when standard input carries nothing: it is closed, or /dev/null. */
bool launch_has_no_input(void);

/* Runs the command and says what may be wrong when its status leaves that open.  With a tie, what
 * the launchers have started ends with uriexec, whatever ends that; with holds_input the launchers
 * get an input that only ends so.  Returns the exit status; a launcher that a signal ended ends
 * uriexec with the same.
 */
int launch(const struct launch *launch);

#endif
