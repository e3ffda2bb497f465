/* Options of lockersh that are about pools.
 * Must not talk to a server. */
#include "pool_options.h"

#include <limits.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "cli/message.h"

enum { PRIORITY_MOST = 1000 };

int pool_options_take_priority(void *context, const char *text)
{
    struct lockersh_options *options = context;
    char shown[MESSAGE_EXCERPT_SIZE];
    bool is_negative = text[0] == '-';
    uint64_t number;

    if (number_parse(text + is_negative, PRIORITY_MOST, &number) != 0)
        return cli_error("lockersh", EX_USAGE, "--priority \"%s\" is no number from %d to %d",
                         message_excerpt(shown, text, strlen(text)), -PRIORITY_MOST, PRIORITY_MOST);
    options->priority = is_negative ? -(int)number : (int)number;
    return 0;
}

size_t pool_options_parse_outside(const char *text, unsigned *seats)
{
    const char *equals = strrchr(text, '=');
    uint64_t number;

    if (equals == NULL || number_parse(equals + 1, INT_MAX, &number) != 0)
        return 0;
    *seats = (unsigned)number;
    return (size_t)(equals - text);
}

static int check_outside(const struct lockersh_options *options)
{
    char shown[MESSAGE_EXCERPT_SIZE];
    unsigned seats;

    if (pool_options_parse_outside(options->target, &seats) == 0)
        return cli_error("lockersh", EX_USAGE, "--outside \"%s\" is no pool and number, as vcs=7",
                         message_excerpt(shown, options->target, strlen(options->target)));
    if (seats > 0 && options->for_s == 0)
        return cli_error("lockersh", EX_USAGE,
                         "--outside needs --for SECONDS, after which it is over unless it is said "
                         "again");
    return -1;
}

int pool_options_check(const struct lockersh_options *options)
{
    enum lockersh_action action = options->action;

    if (action == LOCKERSH_OUTSIDE)
        return check_outside(options);
    if (options->for_s > 0 && action != LOCKERSH_OFFLINE)
        return cli_error("lockersh", EX_USAGE, "--for goes with --outside and --offline");
    if (options->reason != NULL && action != LOCKERSH_OFFLINE)
        return cli_error("lockersh", EX_USAGE, "--reason goes with --offline");
    return -1;
}
