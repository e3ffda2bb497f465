/* Prints completions; what is not one shell's alone.
 * Must not run anything: it is shells that do. */
#include "completion.h"

#include <string.h>

#include "completion_bash.h"
#include "completion_fish.h"
#include "completion_tcsh.h"
#include "completion_zsh.h"

int completion_print(FILE *out, const struct command_line *line, const char *shell)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out, const struct command_line *line);
    } shells[] = {
        {"bash", completion_print_bash},
        {"zsh", completion_print_zsh},
        {"fish", completion_print_fish},
        {"tcsh", completion_print_tcsh},
    };

    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, shell) != 0)
            continue;
        shells[i].print(out, line);
        return 0;
    }
    return -1;
}
