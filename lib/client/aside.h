/* A connection that is put aside, to a server that has our request and is silent. */
#ifndef FARMLOCK_CLIENT_ASIDE_H
#define FARMLOCK_CLIENT_ASIDE_H

#include "client.h"

/* Whether there is one; and whether it is to this address. */
bool client_aside_is_there(const struct ipclocker *lock);
bool client_aside_is_to(const struct ipclocker *lock, const union client_address *address);

/* Puts the handle's connection aside, where there is none yet. */
void client_aside_put(struct ipclocker *lock);

/* Makes the one that was put aside the handle's connection again, which has none; the round and the
 * phase are as they were then.
 */
void client_aside_take_back(struct ipclocker *lock);

/* Takes back what the server has been asked for, by the operation's give_up(), and disconnects. */
void client_aside_give_up(struct ipclocker *lock);

/* Disconnects without a word. */
void client_aside_close(struct ipclocker *lock);

#endif
