/* Finding what is declared, and what an owner has to do with it.
 * Must not change anything. */
#include "pool_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "name_hash.h"

const char *pool_name_text(const struct pool_name *name)
{
    return name->seat == POOL_NO_SEAT ? name->pool->name : name->pool->seats[name->seat].lock->name;
}

int pool_index_init(struct pool_index *index, size_t count)
{
    *index = (struct pool_index){.place_bits = 1};
    while ((size_t)1 << index->place_bits <= 2 * count)
        index->place_bits++;
    index->names = malloc((count + 1) * sizeof *index->names);
    index->places = calloc((size_t)1 << index->place_bits, sizeof *index->places);
    if (index->names != NULL && index->places != NULL)
        return 0;
    pool_index_fini(index);
    errno = ENOMEM;
    return -1;
}

void pool_index_fini(struct pool_index *index)
{
    free(index->names);
    free(index->places);
    *index = (struct pool_index){0};
}

void pool_index_add(struct pool_index *index, struct pool *pool)
{
    index->names[index->count++] = (struct pool_name){pool, POOL_NO_SEAT};
    for (uint32_t i = 0; i < pool->size; i++)
        index->names[index->count++] = (struct pool_name){pool, (int32_t)i};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(pool_name_text(a), pool_name_text(b));
}

static size_t first_place(const struct pool_index *index, uint64_t hash)
{
    return hash >> (64 - index->place_bits);
}

static size_t next_place(const struct pool_index *index, size_t place)
{
    return (place + 1) & (((size_t)1 << index->place_bits) - 1);
}

void pool_index_settle(struct pool_index *index)
{
    qsort(index->names, index->count, sizeof *index->names, compare_names);
    for (size_t i = 0; i < index->count; i++) {
        uint64_t hash = lock_name_hash(pool_name_text(&index->names[i]));
        size_t at = first_place(index, hash);

        while (index->places[at].number != 0)
            at = next_place(index, at);
        index->places[at] = (struct pool_place_of_name){(uint32_t)hash, (uint32_t)i + 1};
    }
}

/* Half of the places are empty, and only the configuration says which. */
const struct pool_name *pool_index_find(const struct pool_index *index, const char *name)
{
    uint64_t hash;

    if (index->count == 0)
        return NULL;
    hash = lock_name_hash(name);
    for (size_t at = first_place(index, hash); index->places[at].number != 0;
         at = next_place(index, at)) {
        const struct pool_name *found = &index->names[index->places[at].number - 1];

        if (index->places[at].hash == (uint32_t)hash && strcmp(pool_name_text(found), name) == 0)
            return found;
    }
    return NULL;
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

const struct pool_index *pool_index_of(const struct lock_table *table)
{
    return &table->pools->index;
}

struct pool_tie *pool_next_tie(const struct pool *pool, const char *owner,
                               const struct pool_tie *last)
{
    uint64_t behind = last != NULL ? last->request->ticket : 0;
    struct pool_tie *found = NULL;

    /* Not tree_at_least(), which compares all of a tie where most have another owner. */
    for (const struct tree_node *node = pool->by_owner.root; node != NULL;) {
        struct pool_tie *tie = tree_entry(node, struct pool_tie, owner_node);
        int order = strcmp(owner, tie->request->owner);
        bool is_own = order == 0 && tie->request->ticket > behind;

        if (is_own)
            found = tie;
        node = order < 0 || is_own ? node->left : node->right;
    }
    return found;
}
