/* Looks whether uriexec is where launchers lead. */
#ifndef FARMLOCK_URIEXEC_CHECK_H
#define FARMLOCK_URIEXEC_CHECK_H

#include <stddef.h>

#include "uricommand.h"

/* Calls the launchers to see whether uriexec answers beyond each, and takes these options, unless
 * they are NULL.  Returns 0, or an exit status after saying which hop is at fault.
 */
int check_hops(struct uricommand_hop *hops, size_t count, const char *options);

#endif
