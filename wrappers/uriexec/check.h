/* Looks whether uriexec is where launchers lead. */
#ifndef FARMLOCK_URIEXEC_CHECK_H
#define FARMLOCK_URIEXEC_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "uricommand.h"

/* Calls the launchers to see whether uriexec answers beyond each.  Returns 0, or an exit status
 * after saying which hop is at fault.
 */
int check_hops(struct uricommand_hop *hops, size_t count);

/* True for rsh and its like: whether a command was found there can only be seen by asking. */
bool check_carries_no_status(const struct uricommand_hop *hop);

#endif
