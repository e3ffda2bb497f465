/* SipHash-2-4: two rounds a word, four at the end.
 * Must not be used with a key that an outsider can know. */
#include "siphash.h"

#include "random.h"

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int count)
{
    while (count-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* Up to eight bytes, little endian whatever the machine. */
static uint64_t load_bytes(const unsigned char *in, size_t count)
{
    uint64_t word = 0;

    while (count-- > 0)
        word = word << 8 | in[count];
    return word;
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

static void begin(uint64_t v[4], const struct siphash_key *key)
{
    v[0] = key->words[0] ^ 0x736f6d6570736575U;
    v[1] = key->words[1] ^ 0x646f72616e646f6dU;
    v[2] = key->words[0] ^ 0x6c7967656e657261U;
    v[3] = key->words[1] ^ 0x7465646279746573U;
}

/* `before` is how many bytes were absorbed: whole words. */
static uint64_t end(uint64_t v[4], size_t before, const void *data, size_t len)
{
    const unsigned char *in = data;
    uint64_t length_byte = (uint64_t)(before + len) << 56;

    for (; len >= 8; in += 8, len -= 8)
        absorb(v, load_bytes(in, 8));
    absorb(v, load_bytes(in, len) | length_byte);
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len)
{
    uint64_t v[4];

    begin(v, key);
    return end(v, 0, data, len);
}

uint64_t siphash_word(const struct siphash_key *key, uint64_t word, const void *data, size_t len)
{
    uint64_t v[4];

    begin(v, key);
    absorb(v, word);
    return end(v, sizeof word, data, len);
}

void siphash_key_init(struct siphash_key *key)
{
    random_fill(key, sizeof *key);
}
