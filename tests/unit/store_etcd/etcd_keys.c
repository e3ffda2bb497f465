/* A model of etcd's keys.
 * Must not know of messages. */
#include "etcd_keys.h"

#include <assert.h>
#include <stdlib.h>

static void free_values(struct etcd_key *key, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(key->values[i].data);
    memmove(key->values, key->values + count, (key->count - count) * sizeof *key->values);
    key->count -= count;
}

void etcd_keys_fini(struct etcd_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free_values(&keys->keys[i], keys->keys[i].count);
        free(keys->keys[i].values);
        free(keys->keys[i].key);
    }
    free(keys->keys);
    *keys = (struct etcd_keys){0};
}

int etcd_keys_compare(struct etcd_bytes a, struct etcd_bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

size_t etcd_keys_at_least(const struct etcd_keys *keys, struct etcd_bytes key)
{
    size_t low = 0, high = keys->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct etcd_key *it = &keys->keys[middle];

        if (etcd_keys_compare((struct etcd_bytes){it->key, it->len}, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct etcd_value *etcd_keys_value(const struct etcd_key *key, int64_t revision)
{
    for (size_t i = key->count; i-- > 0;) {
        if (key->values[i].revision <= revision)
            return key->values[i].is_there ? &key->values[i] : NULL;
    }
    return NULL;
}

static bool is_at(const struct etcd_keys *keys, size_t at, struct etcd_bytes key)
{
    return at < keys->count && keys->keys[at].len == key.len &&
           memcmp(keys->keys[at].key, key.data, key.len) == 0;
}

const struct etcd_value *etcd_keys_find(const struct etcd_keys *keys, struct etcd_bytes key)
{
    size_t at = etcd_keys_at_least(keys, key);

    return is_at(keys, at, key) ? etcd_keys_value(&keys->keys[at], keys->revision) : NULL;
}

static void *copy_of(struct etcd_bytes bytes)
{
    char *copy = malloc(bytes.len + 1);

    assert(copy != NULL);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return copy;
}

static void *grown(void *items, size_t *room, size_t count, size_t size)
{
    if (count == *room) {
        *room = *room > 0 ? 2 * *room : 4;
        items = realloc(items, *room * size);
        assert(items != NULL);
    }
    return items;
}

static struct etcd_key *key_at(struct etcd_keys *keys, size_t at, struct etcd_bytes key)
{
    if (is_at(keys, at, key))
        return &keys->keys[at];
    keys->keys = grown(keys->keys, &keys->room, keys->count, sizeof *keys->keys);
    memmove(keys->keys + at + 1, keys->keys + at, (keys->count - at) * sizeof *keys->keys);
    keys->count++;
    keys->keys[at] = (struct etcd_key){.key = copy_of(key), .len = key.len};
    return &keys->keys[at];
}

void etcd_keys_write(struct etcd_keys *keys, int64_t revision, struct etcd_bytes name,
                     const struct etcd_bytes *value)
{
    struct etcd_key *key = key_at(keys, etcd_keys_at_least(keys, name), name);

    key->values = grown(key->values, &key->room, key->count, sizeof *key->values);
    key->values[key->count++] = (struct etcd_value){
        .revision = revision,
        .is_there = value != NULL,
        .len = value != NULL ? value->len : 0,
        .data = value != NULL ? copy_of(*value) : NULL,
    };
}

/* What was at that revision can be had yet; a key of which nothing is left goes. */
void etcd_keys_compact(struct etcd_keys *keys, int64_t revision)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        struct etcd_key *key = &keys->keys[i];
        size_t old = 0;

        while (old + 1 < key->count && key->values[old + 1].revision <= revision)
            old++;
        if (!key->values[old].is_there && key->values[old].revision <= revision)
            old++;
        free_values(key, old);
        if (key->count == 0) {
            free(key->values);
            free(key->key);
        } else {
            keys->keys[kept++] = *key;
        }
    }
    keys->count = kept;
    keys->compacted = revision;
}
