/* What became of a look or a release, as the user is told.
 * Must not take an end that was asked for as a failure. */
#include "outcome.h"

#include <errno.h>
#include <sysexits.h>

#include "base/error_text.h"
#include "cli/message.h"

int outcome_tell(enum reap_result result, const char *error)
{
    switch (result) {
    case REAP_DONE:
    case REAP_STOPPED:
        return 0;
    case REAP_NO_LOCKERD:
    case REAP_NO_SCHEDULER:
        return cli_error("lockreap", EX_UNAVAILABLE, "%s", error);
    case REAP_DENIED:
        return cli_error("lockreap", EX_NOPERM, "%s", error);
    case REAP_FAILED:
        break;
    }
    return cli_error("lockreap", EX_OSERR, "%s", error);
}

int outcome_print(struct reap_print *print)
{
    if (print_end(print) == 0)
        return 0;
    return cli_error("lockreap", EX_OSERR, "cannot print: %s", error_text(errno));
}
