/* Claims: which connections stand behind a request.
 *
 * A request of the table has a claim, its user_data, while there is something to know of it beside
 * what the table has: a connection that waits for it or is its owner's session, an owner's process
 * that is watched, a waiter's absence.  The claim ends with the request.
 */
#ifndef FARMLOCK_SERVER_CLAIM_H
#define FARMLOCK_SERVER_CLAIM_H

#include "server.h"

/* Why the connection may be no session of more; NULL: it may. */
const struct refusal *claim_check_room(const struct conn *conn);

/* Ties a connection to a request, as its waiter or its session.  Returns -1 when there is no
 * memory. */
int claim_join(struct conn *conn, struct lock_request *request, bool waits);

/* Ties a connection, as a session, to all requests of its user that name a lock of its demand. */
int claim_join_all(struct conn *conn);

/* Has an owner watched that asked for autounlock and has no session. */
void claim_watch_owner(struct ipclocker_server *server, struct lock_request *request);

/* The same for all requests of the connection's user that name a lock of its demand. */
void claim_watch_all(struct conn *conn);

/* A connection goes away, and is linked to nothing then: ends or suspends its wait, has the owners
 * of its sessions checked. */
void claim_leave_all(struct conn *conn);

/* A request was granted: tells the connections that wait for it. */
void claim_on_granted(struct lock_request *request);

/* A request has ended: tells the connections that wait for it, and frees its claim. */
void claim_on_ended(struct lock_request *request, enum lock_reason reason);

/* Takes up a request that was restored: watches its owner, gives a waiter time to come back.  May
 * end it.
 */
void claim_restore(struct ipclocker_server *server, struct lock_request *request);

/* Frees all claims, without looking at the fate of their requests. */
void claim_destroy_all(struct ipclocker_server *server);

/* Tells the sessions of a grant, but for the connection that has put its limit off, and pays. */
void claim_tell_extended(const struct lock_request *request, struct conn *by);

#endif
