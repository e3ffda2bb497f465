/* Runs launchers: waits for them, and looks whether uriexec is where they lead. */
#ifndef FARMLOCK_URIEXEC_LAUNCH_H
#define FARMLOCK_URIEXEC_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include "uricommand.h"

/* Runs the command built for these hops, hands it the signals that uriexec is sent, and says what
 * may be wrong when nothing was found to run.  Returns the exit status; a launcher that a signal
 * ended ends uriexec with the same.
 */
int launch(const struct uricommand_hop *hops, size_t count, const char *command);

/* Calls the launchers to see whether uriexec answers beyond each.  Returns 0, or an exit status
 * after saying which hop is at fault.
 */
int check_hops(struct uricommand_hop *hops, size_t count);

/* True for rsh and its like: whether a command was found there can only be seen by asking. */
bool carries_no_status(const struct uricommand_hop *hop);

#endif
