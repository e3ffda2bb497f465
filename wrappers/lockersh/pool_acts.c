/* Acts on pools: the list of them, and which of their seats, and of other locks, are out of use.
 * Must not ask for a seat, nor know how the server keeps what it is told. */
#include "pool_acts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/name_list.h"
#include "cli/message.h"
#include "list_failure.h"
#include "pool_list.h"
#include "pool_options.h"

static int list(const struct lockersh_options *options, struct ipclocker *lock)
{
    char *text = ipclocker_pools_json(lock);
    int result = 0;

    if (text == NULL)
        return -1;
    if (options->json)
        puts(text);
    else
        result = pool_list_print(text, stdout);
    free(text);
    return result == 0 ? 0 : list_failure(EPROTO, NULL);
}

static int tell_outside(const struct lockersh_options *options, struct ipclocker *lock)
{
    unsigned seats = 0;
    size_t len = pool_options_parse_outside(options->target, &seats);
    char *pool = strndup(options->target, len);
    int counted = -1;

    if (pool == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    counted = ipclocker_set_outside(lock, pool, seats, (unsigned)options->for_s);
    if (counted >= 0 && (unsigned)counted < seats)
        cli_error("lockersh", 0, "warning: %d seats of %s count as in use elsewhere, its most",
                  counted, pool);
    free(pool);
    return counted >= 0 ? 0 : -1;
}

static int say_of_one(const struct lockersh_options *options, struct ipclocker *lock,
                      const char *name)
{
    if (options->action == LOCKERSH_ONLINE)
        return ipclocker_set_online(lock, name);
    return ipclocker_set_offline(lock, name, (unsigned)options->for_s, options->reason);
}

/* Those before one that is refused have been said. */
static int say_of_each(const struct lockersh_options *options, struct ipclocker *lock)
{
    struct name_list names = {0};
    char error[256];
    int status = 0;

    if (name_list_append(&names, options->target, error, sizeof error) != 0)
        return cli_error("lockersh", EX_USAGE, "--%s: %s",
                         options->action == LOCKERSH_ONLINE ? "online" : "offline", error);
    for (size_t i = 0; i < names.count && status == 0; i++)
        status = say_of_one(options, lock, names.names[i]);
    name_list_fini(&names);
    return status;
}

int pool_acts_do(const struct lockersh_options *options, struct ipclocker *lock)
{
    switch (options->action) {
    case LOCKERSH_OUTSIDE:
        return tell_outside(options, lock);
    case LOCKERSH_OFFLINE:
    case LOCKERSH_ONLINE:
        return say_of_each(options, lock);
    default:
        return list(options, lock);
    }
}
