/* Picks out of a list.
 * Must not take a claim for a proof: whose login was proven goes by that. */
#include "filter.h"

#include <string.h>

#include "base/host_name.h"
#include "job/job_id.h"

const char *filter_user(const struct ipclocker_list_owner *by)
{
    if (by->login != NULL)
        return by->login;
    return by->user != NULL ? by->user : by->owner;
}

static bool is_mine(const struct list_filter *filter, const struct ipclocker_list_owner *by)
{
    if (by->who.proof != IPCLOCKER_CLAIMED)
        return by->who.uid == filter->uid;
    return filter->login != NULL && strcmp(filter_user(by), filter->login) == 0;
}

static bool is_on_one_of(const struct name_list *hosts, const char *host)
{
    return host != NULL &&
           host_name_is_among((const char *const *)hosts->names, hosts->count, host);
}

static bool has_owner(const struct list_filter *filter, const struct ipclocker_list_owner *by)
{
    if (filter->only_mine && !is_mine(filter, by))
        return false;
    if (filter->users.count > 0 &&
        !name_list_has(filter->users.names, filter->users.count, filter_user(by)))
        return false;
    if (filter->hosts.count > 0 && !is_on_one_of(&filter->hosts, by->host))
        return false;
    return filter->job == NULL || (by->job != NULL && job_id_covers(filter->job, by->job));
}

static bool has_name(const struct list_filter *filter, const char *name)
{
    return name != NULL && name_list_has(filter->names.names, filter->names.count, name);
}

bool filter_has_lock(const struct list_filter *filter, const struct ipclocker_list_lock *lock)
{
    if (filter->names.count > 0 && !has_name(filter, lock->name) && !has_name(filter, lock->pool))
        return false;
    return has_owner(filter, &lock->by);
}

bool filter_has_offline(const struct list_filter *filter,
                        const struct ipclocker_list_offline *offline)
{
    if (filter->only_mine || filter->users.count > 0 || filter->hosts.count > 0 ||
        filter->job != NULL)
        return false;
    return filter->names.count == 0 || has_name(filter, offline->name) ||
           has_name(filter, offline->pool);
}

static bool wants_one(const struct list_filter *filter, const struct ipclocker_list_waiter *waiter)
{
    for (size_t i = 0; i < waiter->group_count; i++) {
        const struct ipclocker_list_group *group = &waiter->groups[i];

        if (has_name(filter, group->pool))
            return true;
        for (size_t j = 0; j < group->name_count; j++) {
            if (has_name(filter, group->names[j]))
                return true;
        }
    }
    return false;
}

bool filter_has_waiter(const struct list_filter *filter, const struct ipclocker_list_waiter *waiter)
{
    if (filter->names.count > 0 && !wants_one(filter, waiter))
        return false;
    return has_owner(filter, &waiter->by);
}

bool filter_is_empty(const struct list_filter *filter)
{
    return filter->names.count == 0 && filter->users.count == 0 && filter->hosts.count == 0 &&
           filter->job == NULL && !filter->only_mine;
}

bool filter_can_pick(const struct list_filter *filter, const struct ipclocker_list_head *head)
{
    return head->protocol >= 2 || (filter->job == NULL && filter->hosts.count == 0);
}
