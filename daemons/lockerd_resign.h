/* Giving up to lead, among several lockerd that share a state: by order, or for one that died. */
#ifndef FARMLOCK_LOCKERD_RESIGN_H
#define FARMLOCK_LOCKERD_RESIGN_H

#include "lockerd_options.h"

/* Has the lockerd that runs with these options, on this machine, give up leading, and waits until
 * another leads.  `user` is whom it has become, whose its pid file may be.  Says what came of it.
 * Returns what to exit with: 0; 1 where it does not lead, or nobody else takes over; EX_USAGE,
 * EX_UNAVAILABLE or EX_OSERR. */
int lockerd_resign(const struct lockerd_options *options, const struct privileges *user);

/* Gives up what a server that has died in another process has left, and is not to be started again
 * for now.  Asks etcd, so it is to be called in a process that ends then.  Logs what goes wrong;
 * where the state is not shared there is nothing to be done. */
void lockerd_resign_for(const struct ipclocker_server *server);

#endif
