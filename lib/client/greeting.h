/* What a server says of itself, and whether that has to be known before it is asked. */
#ifndef FARMLOCK_CLIENT_GREETING_H
#define FARMLOCK_CLIENT_GREETING_H

#include "client.h"

/* Notes what an answer tells of the server.  Returns whether that is all there is in it; its
 * version may be what was asked for.
 */
bool client_greeting_take(struct ipclocker *lock, const struct answer *answer);

/* Whether a server must not see the request before it is known to understand it, as a classic one
 * would make something else of it; and before all that it says of itself is known.
 */
bool client_greeting_is_needed(const struct ipclocker *lock);
bool client_greeting_needs_all(const struct ipclocker *lock);

/* Whether one that stands alone is not to be asked yet: a lock is wanted, and a server before it in
 * the list is perhaps just slow; both would grant it.
 */
bool client_greeting_may_hold(const struct ipclocker *lock);

#endif
