/* What holds for lockersh, and who says so. */
#ifndef FARMLOCK_LOCKERSH_SHOW_CONFIG_H
#define FARMLOCK_LOCKERSH_SHOW_CONFIG_H

#include "cli/options.h"
#include "options.h"

/* Prints which servers and defaults hold, as a clients' file with remarks or as
 * share/schema/client-config.schema.json has it, and all that is wrong with the files, overruled or
 * not.  Returns 0, or the status to exit with: EX_USAGE where something is wrong.
 */
int show_config(const struct lockersh_options *options, const struct option_spec *table,
                const struct options_outcome *given);

#endif
