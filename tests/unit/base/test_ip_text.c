/* Addresses as text, and back. */
#include "base/ip_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_address_comes_back_as_it_was(void **state)
{
    static const char *const texts[] = {"10.1.2.3", "255.255.255.255", "::1", "2001:db8::7"};
    unsigned char ip[IP_BYTES];
    char text[IP_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ip_text_parse(ip, texts[i]);
        assert_true(ip_text_is_known(ip));
        ip_text_format(text, ip);
        assert_string_equal(text, texts[i]);
    }
}

static void what_is_no_address_is_none(void **state)
{
    static const char *const texts[] = {NULL, "", "farm1", "10.1.2", "10.1.2.3.4", ":::", " ::1"};
    unsigned char ip[IP_BYTES];
    char text[IP_TEXT_SIZE] = "left";

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        memset(ip, 7, sizeof ip);
        ip_text_parse(ip, texts[i]);
        assert_false(ip_text_is_known(ip));
    }
    ip_text_format(text, ip);
    assert_string_equal(text, "");
}

static void loopback_is_told_from_the_rest(void **state)
{
    static const char *const here[] = {"127.0.0.1", "127.255.0.7", "::1"};
    static const char *const elsewhere[] = {"126.0.0.1", "128.0.0.1", "::2", "10.127.0.1",
                                            "fe80::1"};
    unsigned char ip[IP_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        ip_text_parse(ip, here[i]);
        assert_true(ip_text_is_loopback(ip));
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        ip_text_parse(ip, elsewhere[i]);
        assert_false(ip_text_is_loopback(ip));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_comes_back_as_it_was),
        cmocka_unit_test(what_is_no_address_is_none),
        cmocka_unit_test(loopback_is_told_from_the_rest),
    };

    return cmocka_run_group_tests_name("ip_text", tests, NULL, NULL);
}
