/* Names of users, remembered for a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/known_logins.h"

static struct known_logins known;

static int forget_all(void **state)
{
    (void)state;
    known = (struct known_logins){0};
    return 0;
}

static void nobody_is_known_at_first(void **state)
{
    char login[AUTH_LOGIN_SIZE] = "as before";

    (void)state;
    assert_false(known_logins_find(&known, 0, 1, login));
    assert_false(known_logins_find(&known, 1234, 1, login));
    assert_string_equal(login, "as before");
}

static void a_name_is_known_for_a_minute(void **state)
{
    char login[AUTH_LOGIN_SIZE] = "";

    (void)state;
    known_logins_note(&known, 1234, 1000, "ann");
    assert_true(known_logins_find(&known, 1234, 1000 + KNOWN_LOGIN_MS - 1, login));
    assert_string_equal(login, "ann");
    assert_false(known_logins_find(&known, 1234, 1000 + KNOWN_LOGIN_MS, login));
}

static void users_of_one_place_are_not_mixed_up(void **state)
{
    char login[AUTH_LOGIN_SIZE] = "";

    (void)state;
    known_logins_note(&known, 7, 1000, "ann");
    assert_false(known_logins_find(&known, 7 + KNOWN_LOGINS, 1001, login));
    known_logins_note(&known, 7 + KNOWN_LOGINS, 1001, "bob");
    assert_false(known_logins_find(&known, 7, 1002, login));
    assert_true(known_logins_find(&known, 7 + KNOWN_LOGINS, 1002, login));
    assert_string_equal(login, "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_known_at_first, forget_all),
        cmocka_unit_test_setup(a_name_is_known_for_a_minute, forget_all),
        cmocka_unit_test_setup(users_of_one_place_are_not_mixed_up, forget_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
