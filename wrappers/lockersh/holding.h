/* Which value of a setting holds: the command line's, the environment's, a file's, or the usual. */
#ifndef FARMLOCK_LOCKERSH_HOLDING_H
#define FARMLOCK_LOCKERSH_HOLDING_H

#include "cli/options.h"
#include "file_defaults.h"
#include "options.h"

/* Where it comes from, the first of these that has one. */
enum holding_source { HOLDING_OPTION, HOLDING_VARIABLE, HOLDING_FILE, HOLDING_USUAL };

struct holding {
    const char *name, *value; /* NULL: nothing holds */
    enum holding_source source;
    const char *by;                         /* the option or the variable */
    const struct defaults_setting *setting; /* of HOLDING_FILE */
    char usual[16];                         /* what `value` may point to */
};

/* Calls `take` for each setting that there is, host or path and not both, with what holds of it.
 * Stops when it returns false. */
void holding_find_all(const struct lockersh_options *options, const struct option_spec *table,
                      const struct options_outcome *given,
                      bool (*take)(void *context, const struct holding *holding), void *context);

#endif
