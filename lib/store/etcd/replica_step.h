/* Drives a replica by calls that block. */
#ifndef FARMLOCK_STORE_ETCD_REPLICA_STEP_H
#define FARMLOCK_STORE_ETCD_REPLICA_STEP_H

#include "replica.h"

/* The time that a replica goes by. */
int64_t etcd_replica_now_ms(void);

/* Asks one question, if one is due, and waits for its end: for five seconds at most.  `response` is
 * memory for answers, the caller's.  Returns what it means; ETCD_EVENT_IDLE where nothing was due.
 */
enum etcd_event etcd_replica_step(struct etcd_replica *self, struct etcd_caller *caller,
                                  struct buffer *response);

#endif
