/* Of a replica: how etcd is, who stands by, and that this one does.
 *
 * A watch is a few questions, one behind the other: the status of the member that is asked; then of
 * a leader those that stand by, and that some have gone; of one that stands by a sign that it does.
 * None of them is of weight: what fails is asked again with the next watch. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_WATCH_H
#define FARMLOCK_STORE_ETCD_REPLICA_WATCH_H

#include "replica_types.h"

/* What is to be asked now; or REPLICA_NOTHING. */
enum replica_topic replica_watch_topic(const struct etcd_replica *self, int64_t now_ms);

/* How: so that a heartbeat is in time, though it is not answered. */
enum etcd_method replica_watch_method(enum replica_topic topic);
int64_t replica_watch_timeout_ms(const struct etcd_replica *self);

/* As those of replica_stand.h. */
int replica_watch_ask(struct etcd_replica *self, enum replica_topic topic);
enum etcd_event replica_watch_hear(struct etcd_replica *self, int64_t now_ms,
                                   enum replica_topic topic, enum etcd_outcome outcome,
                                   const struct buffer *response);

#endif
