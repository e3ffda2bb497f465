/* Seals, and what credentials carry.
 * The values are worked out by tests/support/seals.py, which is written from lockerd-protocol(7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/credential.h"
#include "auth/seal.h"

static const char key_text[] = "000102030405060708090a0b0c0d0e0f";
static const char nonce_text[] = "ffeeddccbbaa99887766554433221100";

static void keys_and_nonces_come_back_as_they_were(void **state)
{
    char text[SEAL_KEY_TEXT_SIZE];
    struct siphash_key key;
    struct seal_nonce nonce;

    (void)state;
    assert_true(seal_key_parse(&key, key_text));
    assert_true(key.words[0] == 0x0706050403020100U && key.words[1] == 0x0f0e0d0c0b0a0908U);
    seal_key_format(text, &key);
    assert_string_equal(text, key_text);
    assert_true(seal_nonce_parse(&nonce, nonce_text));
    seal_nonce_format(text, &nonce);
    assert_string_equal(text, nonce_text);
}

static void what_is_no_key_is_none(void **state)
{
    static const char *const texts[] = {"", "00", "000102030405060708090a0b0c0d0e0",
                                        "000102030405060708090a0b0c0d0e0g",
                                        "000102030405060708090a0b0c0d0e0f0"};
    struct siphash_key key;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(seal_key_parse(&key, texts[i]));
}

static struct seal_chain begin(void)
{
    struct seal_chain chain;
    struct seal_nonce nonce;
    struct siphash_key key;

    assert_true(seal_key_parse(&key, key_text));
    assert_true(seal_nonce_parse(&nonce, nonce_text));
    seal_chain_begin(&chain, &key, &nonce);
    return chain;
}

static void each_line_counts(void **state)
{
    static const char *const lines[] = {"user ann", "locks x", "", "LOCK"};
    struct seal_chain whole = begin(), other = begin();
    char text[SEAL_TEXT_SIZE];
    uint64_t seal, again;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        seal_chain_add(&whole, lines[i], strlen(lines[i]));
    seal = whole.state;
    for (size_t left_out = 0; left_out < 4; left_out++) {
        other = begin();
        for (size_t i = 0; i < 4; i++)
            if (i != left_out)
                seal_chain_add(&other, lines[i], strlen(lines[i]));
        assert_true(other.state != seal);
    }
    seal_format(text, seal);
    assert_true(seal_parse(&again, text) && again == seal);
    assert_string_equal(text, "f54a85e43560c16c");
}

static void a_carriage_return_does_not_count(void **state)
{
    struct seal_chain one = begin(), other = begin();

    (void)state;
    assert_true(seal_chain_add(&one, "LOCK\r", 5) == seal_chain_add(&other, "LOCK", 4));
}

static void keys_of_grants_are_as_documented(void **state)
{
    char text[SEAL_KEY_TEXT_SIZE];
    struct seal_nonce nonce;
    struct siphash_key key, grant, connection;

    (void)state;
    assert_true(seal_key_parse(&key, key_text));
    assert_true(seal_nonce_parse(&nonce, nonce_text));
    grant = seal_grant_key(&key, 4711);
    seal_key_format(text, &grant);
    assert_string_equal(text, "926e8bbbff73dea03a7b65cb6b489ecc");
    connection = seal_connection_key(&grant, &nonce);
    seal_key_format(text, &connection);
    assert_string_equal(text, "88073d294ea000b79ee877afc97132bb");
}

static void a_payload_is_for_one_nonce(void **state)
{
    char payload[CREDENTIAL_PAYLOAD_LEN + 1];
    struct seal_nonce nonce, other = {{1}};
    struct siphash_key key, found;

    (void)state;
    assert_true(seal_key_parse(&key, key_text));
    assert_true(seal_nonce_parse(&nonce, nonce_text));
    credential_format(payload, &nonce, &key);
    assert_string_equal(payload, "farmlock-1 ffeeddccbbaa99887766554433221100 "
                                 "000102030405060708090a0b0c0d0e0f");
    assert_true(credential_parse(payload, CREDENTIAL_PAYLOAD_LEN, &nonce, &found));
    assert_memory_equal(&found, &key, sizeof key);
    assert_false(credential_parse(payload, CREDENTIAL_PAYLOAD_LEN, &other, &found));
    assert_false(credential_parse(payload, CREDENTIAL_PAYLOAD_LEN - 1, &nonce, &found));
    assert_false(credential_parse(NULL, 0, &nonce, &found));
    for (size_t i = 0; i < CREDENTIAL_PAYLOAD_LEN; i++) {
        char right = payload[i];

        payload[i] = 'x';
        assert_false(credential_parse(payload, CREDENTIAL_PAYLOAD_LEN, &nonce, &found));
        payload[i] = right;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_nonces_come_back_as_they_were),
        cmocka_unit_test(what_is_no_key_is_none),
        cmocka_unit_test(each_line_counts),
        cmocka_unit_test(a_carriage_return_does_not_count),
        cmocka_unit_test(keys_of_grants_are_as_documented),
        cmocka_unit_test(a_payload_is_for_one_nonce),
    };

    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
