/* Asks the system for the groups that rules name.
 * Must not be called where nobody may wait. */
#include <stdlib.h>
#include <string.h>

#include "base/user_database.h"
#include "rules.h"

/* Whether the system says that there is no such group: not when it cannot say. */
static bool is_missing(const char *name)
{
    gid_t id;
    bool there;

    return user_database_find_group(name, &id, &there) == 0 && !there;
}

struct check {
    struct conf_faults *faults;
    const char *missing;
};

static void tell_of_missing(void *context, const struct pool_list *users,
                            const struct pool_place *at)
{
    const struct check *check = context;
    const struct conf_node node = {.file = at->file, .line = (unsigned)at->line};

    for (size_t i = 0; i < users->count; i++) {
        if (strcmp(users->items[i], check->missing) == 0)
            conf_fault(check->faults, &node,
                       "the system has no group %s; create it, or name another",
                       check->missing + strlen(POOL_SYSTEM_GROUP));
    }
}

void rules_check_system_groups(const struct rules *rules, struct conf_faults *faults)
{
    struct check check = {.faults = faults};
    size_t count = 0;
    const char **names = pools_config_system_groups(rules_pools(rules), &count);

    for (size_t i = 0; names != NULL && i < count; i++) {
        check.missing = names[i];
        if (is_missing(names[i] + strlen(POOL_SYSTEM_GROUP)))
            pools_config_visit_users(rules_pools(rules), tell_of_missing, &check);
    }
    free(names);
}

static void note_group(void *context, const struct pool_list *users, const struct pool_place *at)
{
    (void)at;
    for (size_t i = 0; i < users->count; i++)
        *(bool *)context |=
            strncmp(users->items[i], POOL_SYSTEM_GROUP, strlen(POOL_SYSTEM_GROUP)) == 0;
}

bool rules_name_system_groups(const struct rules *rules)
{
    bool found = false;

    pools_config_visit_users(rules_pools(rules), note_group, &found);
    return found;
}
