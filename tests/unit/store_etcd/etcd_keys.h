/* A model of etcd's keys: each with all values that it has had since the last compaction. */
#ifndef FARMLOCK_TEST_ETCD_KEYS_H
#define FARMLOCK_TEST_ETCD_KEYS_H

#include "store/etcd/wire.h"

struct etcd_value {
    int64_t revision;
    bool is_there; /* else it was removed at that revision */
    size_t len;
    char *data;
};

struct etcd_key {
    char *key;
    size_t len;
    struct etcd_value *values; /* by revision */
    size_t count, room;
};

/* All zero is empty, and at revision 0; etcd begins at 1. */
struct etcd_keys {
    struct etcd_key *keys; /* by key */
    size_t count, room;
    int64_t revision, compacted;
};

void etcd_keys_fini(struct etcd_keys *keys);

/* The first key that does not sort before this one. */
size_t etcd_keys_at_least(const struct etcd_keys *keys, struct etcd_bytes key);
int etcd_keys_compare(struct etcd_bytes a, struct etcd_bytes b);

/* What a key was at a revision that is not compacted; NULL where it was not there. */
const struct etcd_value *etcd_keys_value(const struct etcd_key *key, int64_t revision);
const struct etcd_value *etcd_keys_find(const struct etcd_keys *keys, struct etcd_bytes key);

/* Write at a revision; a NULL value removes. */
void etcd_keys_write(struct etcd_keys *keys, int64_t revision, struct etcd_bytes key,
                     const struct etcd_bytes *value);

void etcd_keys_compact(struct etcd_keys *keys, int64_t revision);

#endif
