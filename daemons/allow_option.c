/* --allow of the daemons.
 * Must not keep anybody out: the servers do. */
#include "allow_option.h"

#include <sysexits.h>

#include "cli/message.h"
#include "net/cidr.h"

int allow_option_take(const char *program, const char *argument, const char **ranges, size_t *count,
                      size_t most)
{
    struct cidr_list list = {.items = NULL};
    char error[CIDR_ERROR_SIZE];
    int result = cidr_list_add(&list, argument, error);

    cidr_list_fini(&list);
    if (result != 0)
        return cli_error(program, EX_USAGE, "--allow: %s", error);
    if (*count == most)
        return cli_error(program, EX_USAGE,
                         "more than %zu --allow; put several ranges into one, with commas", most);
    ranges[(*count)++] = argument;
    return 0;
}
