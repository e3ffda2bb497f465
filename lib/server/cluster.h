/* Which servers share this one's state.  Not installed: whoever has such a state knows the id. */
#ifndef FARMLOCK_SERVER_CLUSTER_H
#define FARMLOCK_SERVER_CLUSTER_H

#include "ipclocker_server.h"

/* Sets the id that all servers of one replicated state have, and no other has; NULL, as at first,
 * is none.  Clients hear of it in the handshake of their next connection.  Returns 0, or -1 with
 * EINVAL where it is no id, see protocol/cluster_id.h.
 */
int ipclocker_server_set_cluster(struct ipclocker_server *server, const char *id);

#endif
