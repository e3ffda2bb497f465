/* Which locks and waiters somebody wants to see. */
#ifndef FARMLOCK_LOCKTABLE_FILTER_H
#define FARMLOCK_LOCKTABLE_FILTER_H

#include "base/name_list.h"
#include "ipclocker.h"

/* All zero lets everything through. */
struct list_filter {
    struct name_list names; /* of locks or pools */
    struct name_list users, hosts;
    const char *job; /* in the sense of job_id_covers() */
    bool only_mine;
    uid_t uid;         /* who that is */
    const char *login; /* NULL: of no name */
};

bool filter_has_lock(const struct list_filter *filter, const struct ipclocker_list_lock *lock);
bool filter_has_waiter(const struct list_filter *filter,
                       const struct ipclocker_list_waiter *waiter);

/* What is offline is nobody's. */
bool filter_has_offline(const struct list_filter *filter,
                        const struct ipclocker_list_offline *offline);

/* Whether it lets everything through. */
bool filter_is_empty(const struct list_filter *filter);

/* Whether a server tells what the filter goes by: a classic one knows neither jobs nor hosts. */
bool filter_can_pick(const struct list_filter *filter, const struct ipclocker_list_head *head);

/* Who it is: the login that was proven, or else is claimed, or else the owner's name.  Not NULL. */
const char *filter_user(const struct ipclocker_list_owner *by);

#endif
