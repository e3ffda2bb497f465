/* Tells a file's name from none.
 * Must not look whether there is such a file. */
#include "file_option.h"

#include <sysexits.h>

#include "message.h"

int file_option_check(const char *program, const char *option, const char *name)
{
    if (name[0] != '\0')
        return 0;
    return cli_error(program, EX_USAGE, "--%s is empty: name a file", option);
}
