/* Of a replica that stands by: how long it waits for a look, and what it does where one has failed.
 *
 * A look asks the majority.  While etcd has none, as its leader is gone with the lockerd that led,
 * there is no answer; but what that one has changed last may have come after the look before, and
 * silence is to count from then and not from when there is a majority again.  So the next member is
 * asked for what it has by itself.
 */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_GLANCE_H
#define FARMLOCK_STORE_ETCD_REPLICA_GLANCE_H

#include "replica_types.h"

/* A look has failed, or not: what the next ones take from that.  The first returns what is to be
 * said of it: one that fails between others that do not is nothing. */
enum etcd_event replica_glance_next(struct etcd_replica *self, enum etcd_outcome outcome);
void replica_glance_not(struct etcd_replica *self, int64_t now_ms);

int64_t replica_look_timeout_ms(const struct etcd_replica *self);

int replica_glance_ask(struct etcd_replica *self);
enum etcd_event replica_glance_hear(struct etcd_replica *self, int64_t now_ms,
                                    enum etcd_outcome outcome, const struct buffer *response);

#endif
