/* How a pool of lockerd's stands, out of its JSON list.
 * Must not trust the list: strangers have chosen the names in it. */
#include "standing.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "list/member.h"

static struct standing *find(const struct feature_map *map, struct standing *standings,
                             const char *pool)
{
    for (size_t i = 0; i < map->count && pool != NULL; i++) {
        if (strcmp(map->pools[i].name, pool) == 0)
            return &standings[i];
    }
    return NULL;
}

static struct span whole(const char *text)
{
    return (struct span){.at = text, .len = strlen(text)};
}

/* Who has no known login or, where that counts, machine is nobody that a license server tells of.
 */
static int add_holder(struct use *held, struct json_object *lock, bool by_machine)
{
    const char *login = member_text(lock, "login");
    const char *user = login != NULL ? login : member_text(lock, "user");
    const char *host = by_machine ? member_text(lock, "host") : "";

    return user != NULL && host != NULL ? use_add(held, whole(user), whole(host), 1) : 0;
}

static int read_locks(const struct feature_map *map, struct standing *standings,
                      struct json_object *locks, bool by_machine)
{
    for (size_t i = 0; i < json_object_array_length(locks); i++) {
        struct json_object *lock = json_object_array_get_idx(locks, i);
        struct standing *standing = find(map, standings, member_text(lock, "pool"));

        if (standing != NULL && add_holder(&standing->held, lock, by_machine) != 0)
            return -1;
    }
    return 0;
}

static uint64_t member_count(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    int64_t count;

    json_object_object_get_ex(object, key, &value);
    count = json_object_get_int64(value);
    return count > 0 ? (uint64_t)count : 0;
}

static void read_pools(const struct feature_map *map, struct standing *standings,
                       struct json_object *pools)
{
    for (size_t i = 0; i < json_object_array_length(pools); i++) {
        struct json_object *pool = json_object_array_get_idx(pools, i);
        struct standing *standing = find(map, standings, member_text(pool, "name"));

        if (standing == NULL)
            continue;
        standing->exists = true;
        standing->most = member_count(pool, "outside_most");
        standing->outside = member_count(pool, "outside");
    }
}

static int read_document(const struct feature_map *map, struct standing *standings,
                         struct json_object *document, bool by_machine)
{
    struct json_object *locks = member_array(document, "locks");
    struct json_object *pools = member_array(document, "pools");

    if (locks == NULL || pools == NULL) {
        errno = locks == NULL ? EPROTO : ENOTSUP;
        return -1;
    }
    read_pools(map, standings, pools);
    return read_locks(map, standings, locks, by_machine);
}

struct standing *standings_parse(const struct feature_map *map, const char *json, bool by_machine)
{
    struct json_object *document = json_tokener_parse(json);
    struct standing *standings = calloc(map->count + 1, sizeof *standings);
    int result = -1, number = ENOMEM;

    if (standings != NULL) {
        result = read_document(map, standings, document, by_machine);
        number = errno;
    }
    json_object_put(document);
    if (result != 0) {
        standings_free(standings, map->count);
        errno = number;
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++)
        use_merge_rows(&standings[i].held);
    return standings;
}

void standings_free(struct standing *standings, size_t count)
{
    int saved_errno = errno;

    for (size_t i = 0; i < count && standings != NULL; i++)
        use_fini(&standings[i].held);
    free(standings);
    errno = saved_errno;
}
