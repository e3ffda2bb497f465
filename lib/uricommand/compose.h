/* Command lines through hops, with options for the uriexec beyond each. */
#ifndef FARMLOCK_URICOMMAND_COMPOSE_H
#define FARMLOCK_URICOMMAND_COMPOSE_H

#include <stddef.h>

#include "uricommand.h"

/* As uricommand_build_hops(), with words before each line: those of the last hop, and those of the
 * others, in characters that mean nothing to any shell; NULL for none.
 */
char *compose_hops(const struct uricommand_hop *hops, size_t count, const char *options,
                   const char *last_options, const char *command);

#endif
