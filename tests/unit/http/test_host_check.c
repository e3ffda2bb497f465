/* Which names a page is served under.
 * Must not ask a name server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/host_check.h"

static const char *const names[] = {"seats.example", "farm"};

static bool is_ours(const char *host)
{
    return host_check(host, names, sizeof names / sizeof *names);
}

static void addresses_and_names_of_ours_are(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",     "10.1.2.3",      "::1",
                                        "[::1]",         "[2001:db8::7]", "localhost",
                                        "seats.example", "SEATS.Example", "farm"};

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (!is_ours(hosts[i]))
            fail_msg("%s", hosts[i]);
    }
}

static void all_others_are_not(void **state)
{
    static const char *const hosts[] = {"",
                                        "evil.example",
                                        "seats.example.evil.example",
                                        "farm.",
                                        "farm.evil",
                                        "127.0.0.1.evil.example",
                                        "[]",
                                        "[",
                                        "]",
                                        "[::1",
                                        "[seats.example]",
                                        "[127.0.0.1]",
                                        "127.0.0.1 ",
                                        "0x7f.1",
                                        "[::1::1::1]",
                                        "[1111:2222:3333:4444:5555:6666:123.123.123.123:7777]"};

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (is_ours(hosts[i]))
            fail_msg("%s", hosts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names_of_ours_are),
        cmocka_unit_test(all_others_are_not),
    };

    return cmocka_run_group_tests_name("host check", tests, NULL, NULL);
}
