/* Finds the group that an entry belongs to.
 * Must not know what is counted of it. */
#include "buckets.h"

#include <errno.h>
#include <string.h>

static const size_t bytes_max = (size_t)1 << 29;

void buckets_init(struct buckets *buckets, const struct frame *frame)
{
    *buckets = (struct buckets){.frame = frame, .tree.compare = bucket_compare};
}

void buckets_empty(struct buckets *buckets)
{
    struct tree_node *first;

    while ((first = tree_first(&buckets->tree)) != NULL) {
        tree_remove(&buckets->tree, first);
        bucket_destroy(tree_entry(first, struct bucket, node));
    }
    if (buckets->all != NULL)
        bucket_destroy(buckets->all);
    buckets_init(buckets, buckets->frame);
}

bool buckets_have_room(const struct buckets *buckets)
{
    return buckets->bytes <= bytes_max;
}

int buckets_take_room(struct buckets *buckets, size_t bytes)
{
    buckets->bytes += bytes;
    if (buckets_have_room(buckets))
        return 0;
    errno = EFBIG;
    return -1;
}

static struct bucket *create(struct buckets *buckets, const struct group_key *key, size_t capacity)
{
    struct bucket *bucket = bucket_create(key, buckets->frame, capacity);

    if (bucket == NULL ||
        buckets_take_room(buckets, bucket_bytes(bucket) + strlen(key->name) + 1) == 0)
        return bucket;
    bucket_destroy(bucket);
    return NULL;
}

static struct bucket *search_or_create(struct buckets *buckets, const struct group_key *key,
                                       size_t capacity)
{
    struct bucket probe = {.key = *key};
    struct tree_node *found = tree_find(&buckets->tree, &probe.node);
    struct bucket *bucket;

    if (found != NULL)
        return tree_entry(found, struct bucket, node);
    bucket = create(buckets, key, capacity);
    if (bucket != NULL)
        tree_insert(&buckets->tree, &bucket->node);
    return bucket;
}

/* The tree is left alone where there are millions of entries of a few thousand groups. */
struct bucket *buckets_find(struct buckets *buckets, const struct group_key *key, size_t capacity)
{
    struct bucket **known = &buckets->known[bucket_hash(key) % BUCKETS_KNOWN];

    if (*known == NULL || !bucket_is_of(*known, key))
        *known = search_or_create(buckets, key, capacity);
    return *known;
}

struct bucket *buckets_all(struct buckets *buckets)
{
    const struct group_key everything = {.name = ""};

    if (buckets->all == NULL)
        buckets->all = create(buckets, &everything, 0);
    return buckets->all;
}

int buckets_count(struct buckets *buckets, struct bucket *bucket, const struct store_history *entry,
                  uint64_t number)
{
    size_t before = bucket_bytes(bucket);

    if (bucket_count(bucket, entry, number) != 0)
        return -1;
    return buckets_take_room(buckets, bucket_bytes(bucket) - before);
}
