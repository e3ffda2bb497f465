/* Seals: how a connection proves that each of its commands comes from who has proven itself at its
 * beginning.
 *
 * Both sides have a secret key, which has travelled in a credential or never.  Each line goes into
 * a chain, so that none can be changed, left out or put in; a seal is the chain's state behind a
 * command.  All by SipHash-2-4, base/siphash.h; lockerd-protocol(7) has the rules.  Pure.
 */
#ifndef FARMLOCK_AUTH_SEAL_H
#define FARMLOCK_AUTH_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

enum { SEAL_KEY_BYTES = 16, SEAL_KEY_TEXT_SIZE = 33, SEAL_TEXT_SIZE = 17 };

/* A server's challenge: random, and good for one proof. */
struct seal_nonce {
    unsigned char bytes[SEAL_KEY_BYTES];
};

struct seal_chain {
    struct siphash_key key;
    uint64_t state;
};

/* Nonces and keys as text: 32 digits of either case are read, small ones written.  The parsers
 * return false, and write nothing, where `text` does not begin with just so many. */
void seal_nonce_format(char text[SEAL_KEY_TEXT_SIZE], const struct seal_nonce *nonce);
bool seal_nonce_parse(struct seal_nonce *nonce, const char *text);
void seal_key_format(char text[SEAL_KEY_TEXT_SIZE], const struct siphash_key *key);
bool seal_key_parse(struct siphash_key *key, const char *text);

/* A seal as text: 16 digits. */
void seal_format(char text[SEAL_TEXT_SIZE], uint64_t seal);
bool seal_parse(uint64_t *seal, const char *text);

void seal_chain_begin(struct seal_chain *chain, const struct siphash_key *key,
                      const struct seal_nonce *nonce);

/* Takes a line, which may end with a carriage return that does not count.  Returns the state. */
uint64_t seal_chain_add(struct seal_chain *chain, const char *line, size_t len);

/* The key of a grant, which serves whoever goes on for its owner: made of the key of the connection
 * that was granted, and the token. */
struct siphash_key seal_grant_key(const struct siphash_key *key, uint64_t token);

/* The key of a connection on which that of a grant is proven. */
struct siphash_key seal_connection_key(const struct siphash_key *grant,
                                       const struct seal_nonce *nonce);

#endif
