/* Lists of locks, and pools of a server's by their names.
 * Must not know how many seats a server's pool has. */
#include "wanted_pools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int wanted_pools_add(struct wanted_pools *list, const char *pool, char *error, size_t error_size)
{
    struct wanted_pool *more = array_grow(list->items, &list->room, list->count, sizeof *more);
    struct wanted_pool new = {0};

    if (more != NULL)
        list->items = more;
    if (more == NULL || (new.name = strdup(pool)) == NULL) {
        snprintf(error, error_size, "out of memory");
        errno = ENOMEM;
        return -1;
    }
    if (name_list_append(&new.names, pool, error, error_size) != 0) {
        free(new.name);
        return -1;
    }
    list->items[list->count++] = new;
    return 0;
}

bool wanted_pool_has(const struct wanted_pool *pool, const char *name)
{
    return name_list_has(pool->names.names, pool->names.count, name);
}

/* Whether one of the names of an entry, which have blanks between them, is in the pool. */
static bool has_one_of(const struct wanted_pool *pool, const char *names)
{
    for (size_t i = 0; i < pool->names.count; i++) {
        const char *name = pool->names.names[i];
        size_t len = strlen(name);

        for (const char *at = names; (at = strstr(at, name)) != NULL; at++) {
            if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
                return true;
        }
    }
    return false;
}

bool wanted_pools_concern(const struct wanted_pools *list, const struct store_history *entry)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct wanted_pool *pool = &list->items[i];

        if ((entry->pool != NULL && wanted_pool_has(pool, entry->pool)) ||
            has_one_of(pool, entry->lock))
            return true;
    }
    return list->count == 0;
}

void wanted_pools_fini(struct wanted_pools *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        name_list_fini(&list->items[i].names);
    }
    free(list->items);
}
