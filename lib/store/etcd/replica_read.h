/* Of a replica: rows and history, page by page. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_READ_H
#define FARMLOCK_STORE_ETCD_REPLICA_READ_H

#include "replica_types.h"

void replica_rows_begin(struct etcd_replica *self);
int replica_rows_ask(struct etcd_replica *self);
enum etcd_event replica_rows_hear(struct etcd_replica *self, int64_t now_ms,
                                  enum etcd_outcome outcome, const struct buffer *response,
                                  int code);
int replica_history_ask(struct etcd_replica *self);
enum etcd_event replica_history_hear(struct etcd_replica *self, int64_t now_ms,
                                     enum etcd_outcome outcome, const struct buffer *response);

#endif
