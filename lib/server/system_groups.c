/* Asks who is in which group of the system.
 * Must not be asked in the loop. */
#include "system_groups.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth_role.h"
#include "base/user_database.h"

struct system_groups {
    atomic_uint users;
    size_t count;
    char *names[]; /* "unix:NAME" */
};

static void free_all(struct system_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free(groups->names[i]);
    free(groups);
}

const struct system_groups *system_groups_create(const struct pools_config *config)
{
    size_t count = 0;
    const char **names = pools_config_system_groups(config, &count);
    struct system_groups *groups =
        names != NULL ? calloc(1, sizeof *groups + count * sizeof(char *)) : NULL;
    bool whole = groups != NULL;

    for (size_t i = 0; whole && i < count; i++) {
        groups->names[groups->count] = strdup(names[i]);
        whole = groups->names[groups->count] != NULL;
        groups->count += whole;
    }
    free(names);
    if (groups == NULL)
        return NULL;
    atomic_init(&groups->users, 1);
    if (whole)
        return groups;
    free_all(groups);
    return NULL;
}

const struct system_groups *system_groups_share(const struct system_groups *groups)
{
    atomic_fetch_add(&((struct system_groups *)(uintptr_t)groups)->users, 1);
    return groups;
}

void system_groups_release(const struct system_groups *groups)
{
    struct system_groups *own = (struct system_groups *)(uintptr_t)groups;

    if (own != NULL && atomic_fetch_sub(&own->users, 1) == 1)
        free_all(own);
}

bool system_groups_are_same(const struct system_groups *one, const struct system_groups *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (strcmp(one->names[i], other->names[i]) != 0)
            return false;
    }
    return true;
}

size_t system_groups_count(const struct system_groups *groups)
{
    return groups->count;
}

const char *system_groups_name(const struct system_groups *groups, size_t which)
{
    return groups->names[which];
}

static int look_for(const struct system_groups *groups, const char *login, bool *is_in)
{
    gid_t own, *all, id;
    size_t all_count = 0;
    bool there;
    int result;

    result = user_database_find_user(login, &own, &there);
    if (result != 0 || !there)
        return result;
    all = auth_role_groups_of(login, own, &all_count);
    if (all == NULL)
        return -1;
    for (size_t i = 0; i < groups->count && result == 0; i++) {
        result =
            user_database_find_group(groups->names[i] + strlen(POOL_SYSTEM_GROUP), &id, &there);
        for (size_t k = 0; there && k < all_count; k++)
            is_in[i] |= all[k] == id;
    }
    free(all);
    return result;
}

bool *system_groups_of(const struct system_groups *groups, const char *login)
{
    bool *is_in = calloc(groups->count + 1, sizeof *is_in);

    if (is_in == NULL || look_for(groups, login, is_in) == 0)
        return is_in;
    free(is_in);
    return NULL;
}
