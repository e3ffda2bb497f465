/* Ends waits of others.
 * Must not take away what anybody holds. */
#include "cancel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "list_failure.h"

/* An owner who waits for several things stands in the list several times. */
static int cancel_of_list(const struct ipclocker_list *list, const struct list_filter *filter,
                          struct ipclocker *lock, int *ended)
{
    for (size_t i = 0; i < ipclocker_list_waiter_count(list); i++) {
        const struct ipclocker_list_waiter *waiter = ipclocker_list_waiter(list, i);
        int count =
            filter_has_waiter(filter, waiter) ? ipclocker_dequeue(lock, waiter->by.owner) : 0;

        if (count < 0)
            return -1;
        *ended += count;
    }
    return 0;
}

static int cancel_of_owner(const char *owner, struct ipclocker *lock, int *ended)
{
    *ended = ipclocker_dequeue(lock, owner);
    return *ended < 0 ? -1 : 0;
}

/* Returns as cancel_waits(), and how many have ended. */
static int cancel_of_job(const char *job, struct ipclocker *lock, int *ended)
{
    const struct list_filter filter = {.job = job};
    struct ipclocker_list *list = ipclocker_list_read(lock);
    int status;

    if (list == NULL)
        return -1;
    if (filter_can_pick(&filter, ipclocker_list_head(list)))
        status = cancel_of_list(list, &filter, lock, ended);
    else
        status = list_failure(ENOTSUP, &filter);
    ipclocker_list_free(list);
    return status;
}

int cancel_waits(const struct lockersh_options *options, struct ipclocker *lock)
{
    const char *target = options->target;
    bool is_job = options->action == LOCKERSH_CANCEL_JOB;
    char shown[MESSAGE_EXCERPT_SIZE];
    int ended = 0;
    int status =
        is_job ? cancel_of_job(target, lock, &ended) : cancel_of_owner(target, lock, &ended);

    if (status != 0)
        return status;
    if (ended == 0)
        return cli_error("lockersh", (int)options->conflict_status, "%s%s waits for nothing",
                         is_job ? "job " : "", message_excerpt(shown, target, strlen(target)));
    if (!options->quiet)
        printf("%d %s ended\n", ended, ended == 1 ? "wait was" : "waits were");
    return 0;
}
