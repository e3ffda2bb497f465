/* Of a replica that leads: commits, heartbeats, compaction. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_LEAD_H
#define FARMLOCK_STORE_ETCD_REPLICA_LEAD_H

#include "replica_types.h"

/* It leads since the claim that `self->claimed` tells of, at these revisions. */
enum etcd_event replica_lead(struct etcd_replica *self, int64_t epoch, int64_t last);
int replica_change_prepare(struct etcd_replica *self, const struct etcd_txn *changes,
                           bool is_commit);
enum etcd_event replica_change_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response);
int replica_compact_ask(struct etcd_replica *self);
void replica_compact_hear(struct etcd_replica *self, int64_t now_ms);

#endif
