/* Sets a handle as the command line has it.
 * Must not talk to a server. */
#include "apply.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/name_list.h"
#include "cli/message.h"
#include "lock/demand.h"

static int blame(const struct ipclocker *lock, const char *option)
{
    return cli_error("lockersh", EX_USAGE, "--%s: %s", option, ipclocker_error(lock));
}

static int apply_server(const struct lockersh_options *options, struct ipclocker *lock)
{
    if (options->hosts != NULL && ipclocker_set_hosts(lock, options->hosts) != 0)
        return blame(lock, "dhost");
    if (options->port != NULL && ipclocker_set_port(lock, options->port) != 0)
        return blame(lock, "port");
    if (options->path != NULL && ipclocker_set_path(lock, options->path) != 0)
        return blame(lock, "path");
    if (options->tries != OPTIONS_NO_TRIES)
        ipclocker_set_connect_tries(lock, (unsigned)options->tries);
    ipclocker_set_connect_delay(lock, (unsigned)options->delay_ms);
    return 0;
}

static int apply_group(const struct lock_group *group, bool is_first, struct ipclocker *lock)
{
    char *names = lock_names_join(group->names, group->name_count, ':');
    int result;

    if (names == NULL)
        return cli_error("lockersh", EX_OSERR, "out of memory");
    result = is_first ? ipclocker_set_locks(lock, names, group->count)
                      : ipclocker_add_locks(lock, names, group->count);
    ipclocker_set_shared(lock, group->shared);
    ipclocker_set_spread(lock, group->spread);
    free(names);
    return result == 0 ? 0 : blame(lock, is_first ? "lock" : "and");
}

int apply_options(const struct lockersh_options *options, struct ipclocker *lock)
{
    int status = apply_server(options, lock);

    for (size_t i = 0; i < options->demand.group_count && status == 0; i++)
        status = apply_group(&options->demand.groups[i], i == 0, lock);
    if (status != 0)
        return status;
    if (options->project != NULL && ipclocker_set_project(lock, options->project) != 0)
        return blame(lock, "project");
    if (options->priority != 0 && ipclocker_set_priority(lock, options->priority) != 0)
        return blame(lock, "priority");
    ipclocker_set_block(lock, !options->nonblock);
    ipclocker_set_wait_limit(lock, options->nonblock ? -1 : options->wait_ms);
    ipclocker_set_hold_limit(lock, options->hold_s);
    ipclocker_set_keep(lock, options->keep_ms);
    ipclocker_set_until_boot(lock, options->until_boot);
    ipclocker_set_lost_after(lock, options->lost_after_s);
    ipclocker_set_queue_limit(lock, options->queue_most);
    /* The monitor stands for the job: should it be killed too, the server looks at the job. */
    ipclocker_set_session(lock, true);
    ipclocker_set_inside(lock, !options->nested_wait);
    ipclocker_set_destroy_unlock(lock, false);
    return 0;
}
