/* Of a replica: keys, sights, pauses and errors. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_BASE_H
#define FARMLOCK_STORE_ETCD_REPLICA_BASE_H

#include "replica_types.h"

/* Writes the key of a name. */
struct etcd_bytes replica_key(const struct etcd_replica *self, char key[REPLICA_KEY_SIZE],
                              const char *name);

/* A range of names: from the first up to, but without, the second. */
struct replica_range {
    char first[REPLICA_KEY_SIZE], end[REPLICA_KEY_SIZE];
    struct etcd_range range;
};
void replica_range(const struct etcd_replica *self, struct replica_range *range, const char *first,
                   const char *end);

/* The two keys. */
void replica_look_range(const struct etcd_replica *self, struct replica_range *range);

/* Packs operations with the guards that a key, or both of the two, were last changed then, into
 * `out`; a `seq_revision` below 0 is no guard.  Returns -1 with errno. */
int replica_pack(const struct etcd_replica *self, struct buffer *out, int64_t leader_revision,
                 int64_t seq_revision, const struct etcd_op *ops, size_t op_count);

/* Takes a row of a look, whose context is a struct replica_view. */
struct replica_view {
    const struct etcd_replica *replica;
    struct etcd_sight *sight;
};
int replica_take_sight(void *view, const struct etcd_row *row);

/* Says what went wrong; the second about bytes of etcd's that cannot be read. */

enum etcd_event replica_not_understood(struct etcd_replica *self, int64_t now_ms);

/* Waits for so long before the next question. */
void replica_pause(struct etcd_replica *self, int64_t now_ms, int64_t pause_ms);

/* A timeout that leaves time for a heartbeat behind it. */
int64_t replica_patience_ms(const struct etcd_replica *self);

static inline uint64_t replica_greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What was seen of those that stand by is forgotten; a watch begins soon. */
void replica_watch_anew(struct etcd_replica *self, int64_t now_ms);

/* Stands by from now on; 0, or the term that it, or a dead one of its instance, has given up. */
void replica_stand_by(struct etcd_replica *self, int64_t now_ms, uint64_t resigned_term);

#endif
