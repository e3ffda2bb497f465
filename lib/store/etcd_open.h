/* The way to etcd, and who asks there, from what the options of a store say. */
#ifndef FARMLOCK_STORE_ETCD_OPEN_H
#define FARMLOCK_STORE_ETCD_OPEN_H

#include "store.h"
#include "store/etcd/members.h"
#include "store/etcd/replica.h"

/* Finds the members that the path names; connects nowhere.  *prefix, which ends with '/', is the
 * caller's to free(3).  Returns NULL with errno and *error: EINVAL or ENOMEM. */
struct members *etcd_open_members(const struct store_options *options, int interrupt_fd,
                                  char **prefix, char error[STORE_ERROR_SIZE]);

/* Makes the replica that these options tell of: its keys are below the prefix, and `calls` has what
 * it calls, and for whom.  Returns NULL with errno. */
struct etcd_replica *etcd_open_replica(const struct store_etcd_options *options, const char *prefix,
                                       const struct etcd_replica_options *calls);

#endif
