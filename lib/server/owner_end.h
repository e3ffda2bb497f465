/* Ends of owners' processes, some of what they have in each pass, so that others are served in
 * between. */
#ifndef FARMLOCK_SERVER_OWNER_END_H
#define FARMLOCK_SERVER_OWNER_END_H

#include "owner_process.h"

/* To be called first. */
void owner_end_init(struct ipclocker_server *server);

/* To be called when server->base is there, before any that follows. */
void owner_end_start(struct ipclocker_server *server);

/* Nothing ends any more, until the next start. */
void owner_end_stop(struct ipclocker_server *server);

/* Takes over an owner whose process has ended, which is proven, and that is not watched any more.
 * In events of the loop it ends what all such owners wait for, then gives back what they hold, so
 * that nothing of that is granted to any of them; then it frees the owner.  A claim that is taken
 * from the owner meanwhile stays; one that is added, as the owner stays filed where it is one
 * process for certain, ends as well.
 */
void owner_end_begin(struct ipclocker_server *server, struct owner_process *owner);

/* Whether anything that has ended may be given back now: where that cannot be kept, or too much
 * waits for the disk, it is to wait for another pass. */
bool owner_end_may_go_on(const struct ipclocker_server *server);

/* Has the next part ended, where that may go on.  To be called last in a pass. */
void owner_end_end_pass(struct ipclocker_server *server);

/* Frees all owners, which have no claims any more. */
void owner_end_fini(struct ipclocker_server *server);

#endif
