/* Owners of one name: is it the same process that asks? */
#ifndef FARMLOCK_SERVER_INCARNATION_H
#define FARMLOCK_SERVER_INCARNATION_H

#include "server.h"

/* Looks at the requests of the asker's name that name a lock of its demand.  One whose process can
 * be told apart from the asker's and is proven to have ended by the asker itself, which has its
 * pid, is ended.  Returns false when one is left that is another process's: the asker must neither
 * share nor take what that has.  Where either side did not say which process it is, or did not ask
 * for autounlock, the name alone counts, as in the classic protocol.
 */
bool incarnation_check(struct conn *conn, const struct lock_ask *ask);

#endif
