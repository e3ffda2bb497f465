/* Ends of owners' processes, some of what they have in each pass, so that others are served in
 * between. */
#ifndef FARMLOCK_SERVER_OWNER_END_H
#define FARMLOCK_SERVER_OWNER_END_H

#include "owner_process.h"

/* To be called when server->base is there, before any other. */
void owner_end_start(struct ipclocker_server *server);

/* Nothing ends any more, until the next start. */
void owner_end_stop(struct ipclocker_server *server);

/* Takes over an owner whose process has ended, which is proven, and that is not watched any more.
 * In events of the loop it ends what that waits for, then gives back what it holds, so that nothing
 * of it is granted to itself; then it frees the owner.  A claim that is taken from the owner
 * meanwhile stays; one that is added, as the owner stays filed where it is one process for
 * certain, ends as well.
 */
void owner_end_begin(struct ipclocker_server *server, struct owner_process *owner);

/* Has the next part ended, unless too much waits for the disk.  To be called last in a pass. */
void owner_end_end_pass(struct ipclocker_server *server);

/* Frees all owners, which have no claims any more. */
void owner_end_fini(struct ipclocker_server *server);

#endif
