/* What fails, told once.
 * Must not be silent about a failure that is another one than before. */
#include "outage.h"

#include <stdio.h>
#include <string.h>

#include "cli/message.h"

void outage_tell(struct outage *trouble, const char *error)
{
    if (error == NULL) {
        if (trouble->told[0] != '\0')
            cli_error(trouble->program, 0, "all servers answer again");
        trouble->told[0] = '\0';
    } else if (strcmp(trouble->told, error) != 0) {
        cli_error(trouble->program, 0, "%s", error);
        snprintf(trouble->told, sizeof trouble->told, "%s", error);
    }
}
