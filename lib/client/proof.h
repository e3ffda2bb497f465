/* Proving to a server who we are, and sealing what we say: lockerd-protocol(7), "Proofs". */
#ifndef FARMLOCK_CLIENT_PROOF_H
#define FARMLOCK_CLIENT_PROOF_H

#include "client.h"

/* Whether a new connection is to be asked how to prove it: preset_proof.h, and what this machine
 * has. */
bool client_proof_is_wanted(const struct ipclocker *lock);

/* The server has told how.  Writes a proof, where one can be given; all that is written behind it
 * is sealed.  Where munged hangs it blocks for two seconds, or for as long as the call may take. */
void client_proof_give(struct ipclocker *lock, const struct answer *answer);

/* Seals what was written to the connection since.  Without memory sending fails. */
void client_proof_seal(struct ipclocker *lock);

/* Something was granted: keeps the key with which to go on. */
void client_proof_keep_key(struct ipclocker *lock, const struct answer *answer);

#endif
