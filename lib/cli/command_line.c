/* The option loop of the programs.
 * Must not be used by what programs embed: it prints. */
#include "command_line.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/number.h"
#include "message.h"

int command_line_parse(const struct command_line_spec *spec, int argc, char **argv, void *context)
{
    const char *argument;
    char error[256];
    int option, status;

    while ((option = options_next(spec->table, argc, argv, &argument, error, sizeof error)) !=
           OPTIONS_END) {
        if (option == OPTIONS_ERROR)
            return complaint(spec->program, EX_USAGE, "%s", error);
        if (option == spec->help_id) {
            spec->print_help();
            return 0;
        }
        if (option == spec->version_id) {
            printf("%s (farmlock) Version %s\n", spec->program, FARMLOCK_VERSION);
            return 0;
        }
        status = spec->take(context, option, argument);
        if (status != 0)
            return status;
    }
    return -1;
}

int command_line_seconds(const char *program, const char *option, const char *argument,
                         int64_t min_ms, int64_t max_ms, int64_t *value_ms)
{
    int64_t found_ms;

    if (number_parse_seconds(argument, max_ms, &found_ms) != 0 || found_ms < min_ms)
        return complaint(program, EX_USAGE, "--%s %s: give seconds from %g to %g", option, argument,
                         (double)min_ms / 1000, (double)max_ms / 1000);
    *value_ms = found_ms;
    return 0;
}
