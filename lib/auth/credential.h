/* What a credential says: "farmlock-1 NONCE KEY".  Pure. */
#ifndef FARMLOCK_AUTH_CREDENTIAL_H
#define FARMLOCK_AUTH_CREDENTIAL_H

#include "seal.h"

enum {
    CREDENTIAL_PAYLOAD_LEN = 76,
    CREDENTIAL_TEXT_MAX = 4096, /* of one that is armoured, as it is sent */
};

/* Writes the payload, and a NUL. */
void credential_format(char payload[CREDENTIAL_PAYLOAD_LEN + 1], const struct seal_nonce *nonce,
                       const struct siphash_key *key);

/* Reads the key of a payload for that nonce.  Returns false when it is none, or for another. */
bool credential_parse(const void *payload, size_t len, const struct seal_nonce *nonce,
                      struct siphash_key *key);

#endif
