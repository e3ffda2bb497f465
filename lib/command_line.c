/* The option loop of the programs.
 * Must not be used by what programs embed: it prints. */
#include "command_line.h"

#include <stdio.h>
#include <sysexits.h>

#include "complaint.h"

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
