/* Seals of commands, and the keys that they are made with.
 * Must not keep a secret longer than its caller does. */
#include "seal.h"

#include <string.h>

#include "base/number.h"

static const char digits[] = "0123456789abcdef";

static void format(char *text, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

static bool parse(unsigned char *bytes, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        int high = number_hex_digit(text[2 * i]),
            low = high < 0 ? -1 : number_hex_digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return number_hex_digit(text[2 * count]) < 0;
}

static void put_number(unsigned char out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get_number(const unsigned char in[8])
{
    uint64_t number = 0;

    for (int i = 7; i >= 0; i--)
        number = number << 8 | in[i];
    return number;
}

void seal_nonce_format(char text[SEAL_KEY_TEXT_SIZE], const struct seal_nonce *nonce)
{
    format(text, nonce->bytes, sizeof nonce->bytes);
}

bool seal_nonce_parse(struct seal_nonce *nonce, const char *text)
{
    struct seal_nonce found;

    if (!parse(found.bytes, sizeof found.bytes, text))
        return false;
    *nonce = found;
    return true;
}

void seal_key_format(char text[SEAL_KEY_TEXT_SIZE], const struct siphash_key *key)
{
    unsigned char bytes[SEAL_KEY_BYTES];

    put_number(bytes, key->words[0]);
    put_number(bytes + 8, key->words[1]);
    format(text, bytes, sizeof bytes);
}

bool seal_key_parse(struct siphash_key *key, const char *text)
{
    unsigned char bytes[SEAL_KEY_BYTES];

    if (!parse(bytes, sizeof bytes, text))
        return false;
    *key = (struct siphash_key){{get_number(bytes), get_number(bytes + 8)}};
    return true;
}

/* As a number is written: the high digits first. */
void seal_format(char text[SEAL_TEXT_SIZE], uint64_t seal)
{
    for (int i = 0; i < 16; i++)
        text[i] = digits[seal >> (60 - 4 * i) & 15];
    text[16] = '\0';
}

bool seal_parse(uint64_t *seal, const char *text)
{
    unsigned char bytes[8];

    if (!parse(bytes, sizeof bytes, text))
        return false;
    *seal = 0;
    for (int i = 0; i < 8; i++)
        *seal = *seal << 8 | bytes[i];
    return true;
}

void seal_chain_begin(struct seal_chain *chain, const struct siphash_key *key,
                      const struct seal_nonce *nonce)
{
    chain->key = *key;
    chain->state = siphash(key, nonce->bytes, sizeof nonce->bytes);
}

uint64_t seal_chain_add(struct seal_chain *chain, const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r')
        len--;
    chain->state = siphash_word(&chain->key, chain->state, line, len);
    return chain->state;
}

static uint64_t labelled(const struct siphash_key *key, const char *label, uint64_t number)
{
    unsigned char text[6 + 8];

    memcpy(text, label, 6);
    put_number(text + 6, number);
    return siphash(key, text, sizeof text);
}

struct siphash_key seal_grant_key(const struct siphash_key *key, uint64_t token)
{
    return (struct siphash_key){{labelled(key, "grant1", token), labelled(key, "grant2", token)}};
}

static uint64_t numbered(const struct siphash_key *key, const struct seal_nonce *nonce, char number)
{
    unsigned char text[SEAL_KEY_BYTES + 1];

    memcpy(text, nonce->bytes, SEAL_KEY_BYTES);
    text[SEAL_KEY_BYTES] = (unsigned char)number;
    return siphash(key, text, sizeof text);
}

struct siphash_key seal_connection_key(const struct siphash_key *grant,
                                       const struct seal_nonce *nonce)
{
    return (struct siphash_key){{numbered(grant, nonce, '1'), numbered(grant, nonce, '2')}};
}
