/* SipHash-2-4, a short keyed hash (Aumasson and Bernstein 2012): nobody without the key can make
 * two inputs collide, or guess the hash of an input. */
#ifndef FARMLOCK_BASE_SIPHASH_H
#define FARMLOCK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t words[2];
};

/* Makes a key of random_fill(). */
void siphash_key_init(struct siphash_key *key);

/* Returns the 64-bit hash of `len` bytes under the key. */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

/* The same of a word, its low byte first, and `len` bytes behind it. */
uint64_t siphash_word(const struct siphash_key *key, uint64_t word, const void *data, size_t len);

#endif
