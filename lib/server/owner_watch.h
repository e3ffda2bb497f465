/* Watching the process of an owner that has no session, on this host or another. */
#ifndef FARMLOCK_SERVER_OWNER_WATCH_H
#define FARMLOCK_SERVER_OWNER_WATCH_H

#include "server.h"

/* To be called before any other; at most so many descriptors are taken for watching. */
void owner_watch_init(struct ipclocker_server *server, size_t max_descriptors);

/* Watches the owner of a claim whose request has autounlock, until its process has ended: then the
 * requests of all claims that this process is watched for end, never within a call (owner_end.h),
 * and take their claims with them.  Does nothing where it is watched already, or cannot be; a
 * request that has lost its autounlock is not watched any more.  `urgent` owners, whose connection
 * has just closed, are looked at before others.
 */
void owner_watch_start(struct claim *claim, bool urgent);

/* Whether the owner is on this host, asked for autounlock, and has ended: its monitor may not have
 * said so yet.
 */
bool owner_watch_sees_end(const struct lock_request *request);

/* Whether the owner is on this host, where no report is needed: owner_watch_sees_end() can tell. */
bool owner_watch_can_look(const struct lock_request *request);

/* Stops it for this claim.  Allowed when nothing is watched. */
void owner_watch_stop(struct claim *claim);

/* Frees what the server has for watching, when no claim is watched any more. */
void owner_watch_fini(struct ipclocker_server *server);

#endif
