/* Who answers for a request: the account that its locks, or its place in the queue, are counted on.
 *
 * That is the user who has proven to be one, or else the client's address.  A request that comes
 * from the state file is nobody's until its owner has asked for it again.
 */
#ifndef FARMLOCK_SERVER_PAYER_H
#define FARMLOCK_SERVER_PAYER_H

#include "server.h"

/* The limit that the demand of a connection is beyond, when it is granted or when it has to wait;
 * IPCLOCKER_LIMITS for none. */
enum ipclocker_limit payer_limit_of_locks(struct conn *conn);
enum ipclocker_limit payer_limit_of_wait(struct conn *conn);

/* What the client is told of it. */
const struct refusal *payer_refuse(struct conn *conn, enum ipclocker_limit limit);

/* The connection has made this request, or has asked for it again. */
void payer_take(struct conn *conn, struct lock_request *request);

/* An event of the table changes what is counted. */
void payer_on_event(struct ipclocker_server *server, const struct lock_event *event);

/* The table was given up, with all that is in it. */
void payer_forget_requests(struct ipclocker_server *server);

/* The connection goes away. */
void payer_forget(struct conn *conn);

#endif
