/* How it is known who somebody is, in the words of HISTORY and the JSON list. */
#ifndef FARMLOCK_PROTOCOL_PROOF_H
#define FARMLOCK_PROTOCOL_PROOF_H

#include <stddef.h>

/* In the order of enum lock_proof. */
enum proof { PROOF_CLAIMED, PROOF_SOCKET, PROOF_MUNGE };

/* "claimed", "socket", "munge"; what is none is "claimed". */
const char *proof_word(size_t proof);

/* What a word stands for; one that is not known, of a later server, is no proof. */
enum proof proof_parse(const char *word);

#endif
