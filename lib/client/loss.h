/* What is held until somebody takes it away. */
#ifndef FARMLOCK_CLIENT_LOSS_H
#define FARMLOCK_CLIENT_LOSS_H

#include "client.h"

/* Notes of a status that the lock is held, and for how long it may be. */
void client_loss_expect(struct ipclocker *lock, const struct answer *answer);

/* Takes an answer of any kind.  Returns whether it was about a loss, and is done with. */
bool client_loss_take(struct ipclocker *lock, const struct answer *answer);

/* Fails with ENOLCK, saying why the lock is held no more.  Returns -1. */
int client_loss_fail(struct ipclocker *lock);

#endif
