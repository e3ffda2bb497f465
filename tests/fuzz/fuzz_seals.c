/* Feeds what stands in a credential, and text that may be nonces, keys and seals, to what reads
 * them, and lines to the chain.
 * Must not ask munged: whatever it says of a credential, its payload is a stranger's. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/credential.h"
#include "auth/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written as it was, but for the case of its digits. */
static void check_texts(const char *text)
{
    char again[SEAL_KEY_TEXT_SIZE];
    struct siphash_key key = {{7, 7}};
    struct seal_nonce nonce = {{7}};
    uint64_t seal = 7;

    if (seal_key_parse(&key, text)) {
        seal_key_format(again, &key);
        assert(strncasecmp(again, text, SEAL_KEY_TEXT_SIZE - 1) == 0);
        assert(seal_nonce_parse(&nonce, text));
        seal_nonce_format(again, &nonce);
        assert(strncasecmp(again, text, SEAL_KEY_TEXT_SIZE - 1) == 0);
    } else {
        assert(key.words[0] == 7 && key.words[1] == 7);
        assert(!seal_nonce_parse(&nonce, text) && nonce.bytes[0] == 7);
    }
    if (seal_parse(&seal, text)) {
        char written[SEAL_TEXT_SIZE];

        seal_format(written, seal);
        assert(strncasecmp(written, text, SEAL_TEXT_SIZE - 1) == 0);
    } else {
        assert(seal == 7);
    }
}

/* A payload that is accepted is the one that would be made, for this nonce and no other. */
static void check_payload(const uint8_t *data, size_t size)
{
    static const char nonce_text[] = "ffeeddccbbaa99887766554433221100";
    char made[CREDENTIAL_PAYLOAD_LEN + 1];
    struct siphash_key key = {{7, 7}};
    struct seal_nonce nonce, other;

    assert(seal_nonce_parse(&nonce, nonce_text));
    if (!credential_parse(data, size, &nonce, &key)) {
        assert(key.words[0] == 7 && key.words[1] == 7);
        return;
    }
    credential_format(made, &nonce, &key);
    assert(size == CREDENTIAL_PAYLOAD_LEN && strncasecmp(made, (const char *)data, size) == 0);
    other = nonce;
    other.bytes[size % SEAL_KEY_BYTES] ^= 1;
    assert(!credential_parse(data, size, &other, &key));
}

static uint64_t chain_of(const char *text, size_t left_out)
{
    static const struct seal_nonce nonce = {{1, 2, 3}};
    static const struct siphash_key key = {{4, 5}};
    struct seal_chain chain;
    size_t number = 0;

    seal_chain_begin(&chain, &key, &nonce);
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        if (number++ != left_out)
            seal_chain_add(&chain, text, (size_t)(end - text));
    }
    return chain.state;
}

/* Each line counts: without one of them the chain ends elsewhere. */
static void check_chain(const char *text)
{
    uint64_t whole = chain_of(text, SIZE_MAX);
    size_t lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    for (size_t i = 0; i < lines && i < 8; i++)
        assert(chain_of(text, i) != whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_texts(text);
    check_payload(data, size);
    check_chain(text);
    free(text);
    return 0;
}
