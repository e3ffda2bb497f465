/* Options of lockersh that say which locks are wanted.
 * Must not talk to a server, nor take lists of names apart: the library does. */
#include "demand_options.h"

#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "cli/message.h"
#include "options.h"

static int complain_no_memory(void)
{
    return cli_error("lockersh", EX_OSERR, "out of memory");
}

/* Begins the first group, if there is none yet. */
static int begin_first_group(struct lockersh_options *options)
{
    if (options->demand.group_count > 0 || lock_demand_add_group(&options->demand, NULL, 0) == 0)
        return 0;
    return complain_no_memory();
}

int demand_options_check_name(const char *option, const char *names)
{
    char shown[MESSAGE_EXCERPT_SIZE];

    if (strpbrk(names, " \t\r\n\v\f") == NULL)
        return 0;
    return cli_error("lockersh", EX_USAGE,
                     "--%s \"%s\": a lock's name cannot have white space; separate names by colons",
                     option, message_excerpt(shown, names, strlen(names)));
}

int demand_options_take_lock(void *context, const char *names)
{
    struct lockersh_options *options = context;
    int status = demand_options_check_name("lock", names);

    if (status == 0)
        status = begin_first_group(options);
    if (status == 0 && lock_demand_add_name(&options->demand, names) != 0)
        status = complain_no_memory();
    return status;
}

int demand_options_take_and(void *context, const char *names)
{
    struct lockersh_options *options = context;
    struct lock_demand *demand = &options->demand;

    if (demand->group_count == 0 || demand->groups[demand->group_count - 1].name_count == 0)
        return cli_error("lockersh", EX_USAGE, "--and has no --lock before it");
    if (demand->group_count == LOCKERSH_GROUPS_MAX)
        return cli_error("lockersh", EX_USAGE, "more than %d groups", LOCKERSH_GROUPS_MAX);
    options->counted = false;
    if (demand_options_check_name("and", names) != 0)
        return EX_USAGE;
    return lock_demand_add_group(demand, &names, 1) == 0 ? 0 : complain_no_memory();
}

int demand_options_take_count(void *context, const char *text)
{
    enum { COUNT_MAX = 1024 };
    struct lockersh_options *options = context;
    char shown[MESSAGE_EXCERPT_SIZE];
    uint64_t count;

    if (options->counted)
        return cli_error("lockersh", EX_USAGE,
                         "--count was given twice for the same locks; begin others by --and");
    options->counted = true;
    if (number_parse(text, COUNT_MAX, &count) != 0 || count == 0)
        return cli_error("lockersh", EX_USAGE, "--count \"%s\" is no number from 1 to %d",
                         message_excerpt(shown, text, strlen(text)), COUNT_MAX);
    if (begin_first_group(options) != 0)
        return EX_OSERR;
    lock_demand_set_count(&options->demand, (size_t)count);
    return 0;
}

int demand_options_take_shared(void *context, const char *nothing)
{
    struct lockersh_options *options = context;

    (void)nothing;
    if (begin_first_group(options) == 0)
        lock_demand_set_shared(&options->demand, true);
    return options->demand.group_count > 0 ? 0 : EX_OSERR;
}

int demand_options_take_spread(void *context, const char *nothing)
{
    struct lockersh_options *options = context;

    (void)nothing;
    if (begin_first_group(options) == 0)
        lock_demand_set_spread(&options->demand, true);
    return options->demand.group_count > 0 ? 0 : EX_OSERR;
}
