/* Which features of license servers are the seats of which pool.
 * Must not know whether there are such pools or features: servers come and go. */
#include "feature_map.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error_text.h"
#include "scheduler/map_refusal.h"

static bool is_mapped(const struct feature_map *map, const char *pool, size_t len)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strncmp(map->pools[i].name, pool, len) == 0 && map->pools[i].name[len] == '\0')
            return true;
    }
    return false;
}

static void pool_fini(struct feature_map_pool *pool)
{
    name_list_fini(&pool->features);
    free(pool->name);
}

/* Fills in a pool; what fails leaves some of it. */
static int make_pool(struct feature_map_pool *pool, struct feature_map *map, const char *text,
                     size_t len, char *why, size_t why_size)
{
    snprintf(why, why_size, "%s", error_text(ENOMEM));
    pool->name = strndup(text, len);
    if (pool->name == NULL)
        return -1;
    if (name_list_append(&pool->features, text + len + 1, why, why_size) != 0)
        return -1;
    return name_list_append(&map->features, text + len + 1, why, why_size);
}

int feature_map_add(struct feature_map *map, const char *text, char *error, size_t error_size)
{
    size_t len = strcspn(text, "= \t");
    struct feature_map_pool pool = {0}, *pools;
    char why[200];

    if (len == 0 || len > NAME_LIST_NAME_LEN_MAX || text[len] != '=')
        return map_refusal(EINVAL, error, error_size, text,
                           "give POOL=FEATURE, such as vcs=VCSRuntime_Net");
    if (is_mapped(map, text, len))
        return map_refusal(EINVAL, error, error_size, text, "this pool is mapped already");
    if (map->count == FEATURE_MAP_POOLS_MAX)
        return map_refusal(E2BIG, error, error_size, text, "more than 1024 pools");
    pools = array_grow(map->pools, &map->room, map->count, sizeof *pools);
    if (pools == NULL)
        return map_refusal(ENOMEM, error, error_size, text, error_text(ENOMEM));
    map->pools = pools;
    if (make_pool(&pool, map, text, len, why, sizeof why) != 0) {
        int number = errno;

        pool_fini(&pool);
        return map_refusal(number, error, error_size, text, why);
    }
    pools[map->count++] = pool;
    return 0;
}

void feature_map_fini(struct feature_map *map)
{
    while (map->count > 0)
        pool_fini(&map->pools[--map->count]);
    free(map->pools);
    name_list_fini(&map->features);
    *map = (struct feature_map){0};
}

size_t feature_map_index(const struct feature_map *map, const char *feature)
{
    size_t i = 0;

    while (i < map->features.count && strcmp(map->features.names[i], feature) != 0)
        i++;
    assert(i < map->features.count);
    return i;
}
