/* Owners of one name: is it the same process that asks? */
#ifndef FARMLOCK_SERVER_INCARNATION_H
#define FARMLOCK_SERVER_INCARNATION_H

#include "server.h"

/* Looks at the requests of the asker's name that name a lock of its demand.  One whose process can
 * be told apart from the asker's and is proven to have ended by the asker itself, which has its
 * pid, is ended.  So is one that is away, whoever's it is.  Returns false when one is left that is
 * another process's: the asker must neither share nor take what that has.  Where either side did
 * not say which process it is, or did not ask for autounlock, the name alone counts, as in the
 * classic protocol.
 */
bool incarnation_check(struct conn *conn, const struct lock_ask *ask);

/* Whether a connection's process is of the same boot and pid namespace as another, so that both
 * mean the same process by a pid.  It is not where either did not say. */
bool incarnation_is_neighbour(const struct conn *conn, const struct lock_claimant *process);

/* Whether a request of the connection's user is known to be another process's.  The connection must
 * have said which process it is. */
bool incarnation_is_of_another(const struct conn *conn, const struct lock_request *request);

#endif
