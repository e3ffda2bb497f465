/* Users and groups of the system: root is one of each everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/user_database.h"

static const uid_t NOBODY_HAS = 4123456789;

static void a_user_is_found_by_number(void **state)
{
    char login[32] = "";

    (void)state;
    assert_true(user_database_find_login(0, login, sizeof login));
    assert_string_equal(login, "root");
}

static void one_that_is_not_there_leaves_what_was_written(void **state)
{
    char login[32] = "as before";

    (void)state;
    assert_false(user_database_find_login(NOBODY_HAS, login, sizeof login));
    assert_string_equal(login, "as before");
}

static void a_name_that_is_too_long_is_not_cut_short(void **state)
{
    char login[4] = "";

    (void)state;
    assert_false(user_database_find_login(0, login, sizeof login));
    assert_string_equal(login, "");
}

static void users_and_groups_are_found_by_name(void **state)
{
    gid_t id = 7;
    bool there = false;

    (void)state;
    assert_int_equal(user_database_find_user("root", &id, &there), 0);
    assert_true(there);
    assert_int_equal(id, 0);
    id = 7;
    assert_int_equal(user_database_find_group("root", &id, &there), 0);
    assert_true(there);
    assert_int_equal(id, 0);
    assert_int_equal(user_database_find_group("no such group", &id, &there), 0);
    assert_false(there);
    assert_int_equal(user_database_find_user("no such user", &id, &there), 0);
    assert_false(there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_found_by_number),
        cmocka_unit_test(one_that_is_not_there_leaves_what_was_written),
        cmocka_unit_test(a_name_that_is_too_long_is_not_cut_short),
        cmocka_unit_test(users_and_groups_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
