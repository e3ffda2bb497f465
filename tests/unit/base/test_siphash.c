/* SipHash-2-4 against the published vectors: key 00 01 .. 0f, input 00 01 .. of each length.
 * Must not use a random key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

static void published_vectors_come_out(void **state)
{
    const struct siphash_key key = {{0x0706050403020100U, 0x0f0e0d0c0b0a0908U}};
    unsigned char input[15];

    (void)state;
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    assert_true(siphash(&key, input, 0) == 0x726fdb47dd0e0e31U);
    assert_true(siphash(&key, input, 1) == 0x74f839c593dc67fdU);
    assert_true(siphash(&key, input, 15) == 0xa129ca6149be45e5U);
}

static void keys_differ(void **state)
{
    struct siphash_key a, b;

    (void)state;
    siphash_key_init(&a);
    siphash_key_init(&b);
    assert_true(siphash(&a, "farm", 4) != siphash(&b, "farm", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out),
        cmocka_unit_test(keys_differ),
    };

    return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
