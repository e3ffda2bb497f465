/* Who is in which group, and which groups matter.
 * Must not ask the system. */
#include "pool_groups.h"

#include <stdlib.h>
#include <string.h>

bool pool_groups_is_declared(const char *user)
{
    return strncmp(user, POOL_GROUP, sizeof POOL_GROUP - 1) == 0;
}

bool pool_groups_is_system(const char *user)
{
    return strncmp(user, POOL_SYSTEM_GROUP, sizeof POOL_SYSTEM_GROUP - 1) == 0;
}

const struct pool_group *pool_groups_find(const struct pools_config *config, const char *name)
{
    for (size_t i = 0; i < config->group_count; i++) {
        if (strcmp(config->groups[i].name, name) == 0)
            return &config->groups[i];
    }
    return NULL;
}

static void visit_pool(const struct pool_config *pool, pools_users_fn *see, void *context)
{
    see(context, &pool->allow.users, &pool->allow_at);
    see(context, &pool->deny.users, &pool->deny_at);
    see(context, &pool->administrators, &pool->administrators_at);
    for (size_t i = 0; i < pool->limit_count; i++) {
        if (pool->limits[i].by == POOL_BY_USER || pool->limits[i].by == POOL_BY_GROUP)
            see(context, &pool->limits[i].of, &pool->limits[i].at);
    }
    for (size_t i = 0; i < pool->reserve_count; i++)
        see(context, &pool->reserves[i].who.users, &pool->reserves[i].at);
    for (size_t i = 0; i < pool->priority.most_count; i++)
        see(context, &pool->priority.most[i].users, &pool->priority.most[i].at);
}

static void find_group(void *context, const struct pool_list *users, const struct pool_place *at)
{
    (void)at;
    for (size_t i = 0; i < users->count; i++)
        *(bool *)context |=
            pool_groups_is_declared(users->items[i]) || pool_groups_is_system(users->items[i]);
}

bool pool_groups_matter(const struct pool_config *pool)
{
    bool found = false;

    visit_pool(pool, find_group, &found);
    return found;
}

void pools_config_visit_users(const struct pools_config *config, pools_users_fn *see, void *context)
{
    for (size_t i = 0; i < config->group_count; i++)
        see(context, &config->groups[i].users, &config->groups[i].at);
    for (size_t i = 0; i < config->pool_count; i++)
        visit_pool(&config->pools[i], see, context);
}

struct names {
    const char **items; /* NULL: they are counted only */
    size_t count;
};

static void collect(void *context, const struct pool_list *users, const struct pool_place *at)
{
    struct names *names = context;

    (void)at;
    for (size_t i = 0; i < users->count; i++) {
        if (!pool_groups_is_system(users->items[i]))
            continue;
        if (names->items != NULL)
            names->items[names->count] = users->items[i];
        names->count++;
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t drop_doubles(const char **items, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(items[kept - 1], items[i]) != 0)
            items[kept++] = items[i];
    }
    return kept;
}

const char **pools_config_system_groups(const struct pools_config *config, size_t *count)
{
    struct names names = {0};

    pools_config_visit_users(config, collect, &names);
    names.items = calloc(names.count + 1, sizeof *names.items);
    if (names.items == NULL)
        return NULL;
    names.count = 0;
    pools_config_visit_users(config, collect, &names);
    qsort(names.items, names.count, sizeof *names.items, compare_texts);
    *count = drop_doubles(names.items, names.count);
    return names.items;
}

bool pool_list_has(const struct pool_list *list, const char *item)
{
    for (size_t i = 0; item != NULL && i < list->count; i++) {
        if (strcmp(list->items[i], item) == 0)
            return true;
    }
    return false;
}

bool pool_list_has_login(const struct pool_list *users, const char *login)
{
    return login != NULL && !pool_groups_is_declared(login) && !pool_groups_is_system(login) &&
           pool_list_has(users, login);
}

bool pool_list_has_user(const struct pool_list *users, const char *login,
                        const char *const *memberships, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pool_list_has(users, memberships[i]))
            return true;
    }
    return pool_list_has_login(users, login);
}

size_t pools_config_memberships(const struct pools_config *config, const char *login,
                                const char *const *system, size_t count, const char **out)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        out[found++] = system[i];
    for (size_t i = 0; i < config->group_count; i++) {
        if (pool_list_has_user(&config->groups[i].users, login, system, count))
            out[found++] = config->groups[i].name;
    }
    return found;
}
