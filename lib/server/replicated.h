/* A lock server whose state others share: what whoever starts it has to say.  Not installed, as a
 * program that embeds a server has its state for itself.
 */
#ifndef FARMLOCK_SERVER_REPLICATED_H
#define FARMLOCK_SERVER_REPLICATED_H

#include "ipclocker_server.h"
#include "store/store.h"

/* How a state in etcd is reached; the strings stay the caller's, and must stay as they are.  To be
 * called before the server is told where to listen, in the process that may start it anew: it
 * makes the name by which a new one takes up at once what one that died has left.  `instance`,
 * `host` and `listens` are the server's own.
 */
void ipclocker_server_set_etcd(struct ipclocker_server *server,
                               const struct store_etcd_options *options);

/* Has it forget that it may go on with an older state: for one that is started after another of the
 * same options, which were about what that one has found. */
void ipclocker_server_accept_no_older_state(struct ipclocker_server *server);

/* How it opens its store, as far as that is known before it does: the strings are the server's. */
void ipclocker_server_store_options(const struct ipclocker_server *server,
                                    struct store_options *options);

/* Gives up leading, behind all that was done: nobody can connect from then on, and clients are told
 * to look for another.  Where none takes over, this one leads again after a while.  Returns false
 * where there is nothing to give up; says so in the log either way. */
bool ipclocker_server_resign(struct ipclocker_server *server);

/* Has the kernel refuse connections at the sockets of a server that has died in another process. */
void ipclocker_server_end_listening(struct ipclocker_server *server);

#endif
