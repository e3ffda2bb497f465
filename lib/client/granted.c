/* Is what a server has granted what was asked for?
 * Must not believe it. */
#include "granted.h"

#include "base/name_list.h"

/* How many different names of this group the server gave us. */
static size_t count_granted(const struct lock_group *group, const struct answer *answer)
{
    size_t count = 0;

    for (size_t i = 0; i < group->name_count; i++)
        count += name_list_has(answer->names, answer->name_count, group->names[i]);
    return count;
}

/* How many of those we have not named. */
static size_t count_unnamed(const struct lock_demand *demand, const struct answer *answer)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->name_count; i++)
        count += !name_list_has((char *const *)demand->names, demand->name_count, answer->names[i]);
    return count;
}

static bool has_twins(const struct answer *answer)
{
    for (size_t i = 1; i < answer->name_count; i++) {
        if (name_list_has(answer->names, i, answer->names[i]))
            return true;
    }
    return false;
}

/* The name that a group names alone may be a pool's, of which seats are granted, with names of
 * their own. */
bool granted_is_wanted(const struct ipclocker *lock, const struct answer *answer)
{
    const struct lock_demand *demand = &lock->set.demand;
    bool knows_pools = lock->connection.dialect == DIALECT_2;
    size_t seats = 0;

    for (size_t i = 0; i < demand->group_count; i++) {
        const struct lock_group *group = &demand->groups[i];
        size_t count = count_granted(group, answer);

        if (knows_pools && group->name_count == 1 && count == 0)
            seats += group->count;
        else if (count < group->count)
            return false;
    }
    return count_unnamed(demand, answer) == seats &&
           lock_demand_needed(demand) <= answer->name_count && !has_twins(answer);
}
