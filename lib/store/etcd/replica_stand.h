/* Of a replica that stands by: looks, claims, resignations. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_STAND_H
#define FARMLOCK_STORE_ETCD_REPLICA_STAND_H

#include "replica_types.h"

int replica_look_ask(struct etcd_replica *self);
enum etcd_event replica_look_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response);
int replica_claim_ask(struct etcd_replica *self);
enum etcd_event replica_claim_hear(struct etcd_replica *self, int64_t now_ms,
                                   enum etcd_outcome outcome, const struct buffer *response);
int replica_resign_ask(struct etcd_replica *self);
enum etcd_event replica_resign_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response);

#endif
