/* Says why a server's list cannot be shown.
 * Must not read one. */
#include "list_failure.h"

#include <errno.h>
#include <sysexits.h>

#include "cli/message.h"

int list_failure(int number, const struct list_filter *filter)
{
    if (number == ENOMEM)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    if (number == ENOTSUP && filter != NULL && filter->job == NULL)
        return cli_error(
            "lockersh", EX_UNAVAILABLE,
            "the server is a classic one, which knows no hosts; list all without --on-host");
    if (number == ENOTSUP)
        return cli_error(
            "lockersh", EX_UNAVAILABLE,
            "the server is a classic one, which knows no jobs; list all without --job");
    return cli_error("lockersh", EX_UNAVAILABLE,
                     "the server's list is not in the form that is known here");
}
