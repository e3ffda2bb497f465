/* The payload of credentials.
 * Must not trust it: others than farmlock make credentials too. */
#include "credential.h"

#include <string.h>

static const char prefix[] = "farmlock-1 ";

enum { PREFIX_LEN = sizeof prefix - 1, NONCE_LEN = SEAL_KEY_TEXT_SIZE - 1 };

_Static_assert(PREFIX_LEN + NONCE_LEN + 1 + NONCE_LEN == CREDENTIAL_PAYLOAD_LEN, "as documented");

void credential_format(char payload[CREDENTIAL_PAYLOAD_LEN + 1], const struct seal_nonce *nonce,
                       const struct siphash_key *key)
{
    memcpy(payload, prefix, PREFIX_LEN);
    seal_nonce_format(payload + PREFIX_LEN, nonce);
    payload[PREFIX_LEN + NONCE_LEN] = ' ';
    seal_key_format(payload + PREFIX_LEN + NONCE_LEN + 1, key);
}

bool credential_parse(const void *payload, size_t len, const struct seal_nonce *nonce,
                      struct siphash_key *key)
{
    char text[CREDENTIAL_PAYLOAD_LEN + 1];
    struct seal_nonce found;

    if (payload == NULL || len != CREDENTIAL_PAYLOAD_LEN)
        return false;
    memcpy(text, payload, len);
    text[len] = '\0';
    return memcmp(text, prefix, PREFIX_LEN) == 0 && text[PREFIX_LEN + NONCE_LEN] == ' ' &&
           seal_nonce_parse(&found, text + PREFIX_LEN) &&
           memcmp(&found, nonce, sizeof found) == 0 &&
           seal_key_parse(key, text + PREFIX_LEN + NONCE_LEN + 1);
}
