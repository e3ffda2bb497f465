/* Owners of one name: is it the same process that asks? */
#ifndef FARMLOCK_SERVER_INCARNATION_H
#define FARMLOCK_SERVER_INCARNATION_H

#include "server.h"

/* Looks at a request of the asker's name that is not its own, see may_own().  One whose process can
 * be told apart from the asker's and is proven to have ended by the asker itself, which has its
 * pid, is ended; so is one of a process that can be seen to have ended, and one that is away; of
 * those that are proven to be another user's, only the second kind.  Returns whether it was ended.
 */
bool incarnation_end_former(struct conn *conn, const struct lock_ask *ask,
                            struct lock_request *request);

/* Whether it would be. */
bool incarnation_is_former(const struct lock_ask *ask, const struct lock_request *request);

/* Whether an ask says of its process all that is known of another's.  Where nothing is known, as of
 * those that told nothing in the classic protocol, the name alone counts.  What a server has found
 * about a process of its host, and that did not tell, need not be told where it cannot be found. */
bool incarnation_is_told_again(const struct lock_claimant *known, const struct lock_ask *ask);

/* Whether nothing is known of a process, so that whoever asks says all of that. */
static inline bool incarnation_is_unknown(const struct lock_claimant *known)
{
    return (known->pid | known->start | known->pid_namespace) == 0 && known->host == NULL &&
           known->boot == NULL;
}

/* Whether a connection's process is of the same boot and pid namespace as another, so that both
 * mean the same process by a pid.  It is not where either did not say. */
bool incarnation_is_neighbour(const struct conn *conn, const struct lock_claimant *process);

#endif
