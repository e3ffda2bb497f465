/* What a server says of itself. */
#ifndef FARMLOCK_CLIENT_GREETING_H
#define FARMLOCK_CLIENT_GREETING_H

#include "client.h"

/* Notes what an answer tells of the server.  Returns whether that is all there is in it; its
 * version may be what was asked for.
 */
bool client_greeting_take(struct ipclocker *lock, const struct answer *answer);

#endif
