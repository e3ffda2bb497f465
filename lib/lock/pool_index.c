/* Finding what is declared, and what an owner has to do with it.
 * Must not change anything. */
#include "pool_index.h"

#include <string.h>

const char *pool_name_text(const struct pool_name *name)
{
    return name->seat == POOL_NO_SEAT ? name->pool->name : name->pool->seats[name->seat].lock->name;
}

const struct pool_name *pool_index_find(const struct pool_index *index, const char *name)
{
    size_t first = 0, end = index->count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = strcmp(name, pool_name_text(&index->names[middle]));

        if (order == 0)
            return &index->names[middle];
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return NULL;
}

int pool_name_compare(const void *a, const void *b)
{
    return strcmp(pool_name_text(a), pool_name_text(b));
}

bool pool_index_has_all(const struct pool_index *index, const struct pool_index *of)
{
    size_t at = 0;

    for (size_t i = 0; i < of->count; i++, at++) {
        const char *name = pool_name_text(&of->names[i]);
        int order = 1;

        while (at < index->count && (order = strcmp(name, pool_name_text(&index->names[at]))) > 0)
            at++;
        if (at == index->count || order != 0 ||
            (index->names[at].seat == POOL_NO_SEAT) != (of->names[i].seat == POOL_NO_SEAT))
            return false;
    }
    return true;
}

struct pool *pool_of_set(const struct pool_set *set, const char *name)
{
    for (size_t i = 0; i < set->pool_count; i++) {
        if (strcmp(set->pools[i]->name, name) == 0)
            return set->pools[i];
    }
    return NULL;
}

struct pool_index pool_index_of(const struct lock_table *table)
{
    return (struct pool_index){table->pools->names, table->pools->name_count};
}

struct pool_tie *pool_next_tie(const struct pool *pool, const char *owner,
                               const struct pool_tie *last)
{
    struct lock_request request = {.owner = owner};
    const struct pool_tie probe = {.request = &request};
    struct tree_node *node = last != NULL ? tree_next(&pool->by_owner, &last->owner_node)
                                          : tree_at_least(&pool->by_owner, &probe.owner_node);
    struct pool_tie *tie = node != NULL ? tree_entry(node, struct pool_tie, owner_node) : NULL;

    return tie != NULL && strcmp(tie->request->owner, owner) == 0 ? tie : NULL;
}
