/* Which names may be one host's.
 * Must not need a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/host_name.h"

static void a_domain_may_be_left_out_but_not_be_another(void **state)
{
    (void)state;
    assert_true(host_name_is_alike("e1.example.com", "E1.Example.com"));
    assert_true(host_name_is_alike("e1", "e1.example.com"));
    assert_true(host_name_is_alike("e1.example.com", "e1"));
    assert_true(host_name_is_alike("e1", "e1"));
    assert_false(host_name_is_alike("e1.example.com", "e1.example.org"));
    assert_false(host_name_is_alike("e1.example.com", "e1.example"));
    assert_false(host_name_is_alike("e1", "e11"));
    assert_false(host_name_is_alike("e11", "e1"));
}

static void an_empty_name_is_nobodys(void **state)
{
    (void)state;
    assert_false(host_name_is_alike("", ""));
    assert_false(host_name_is_alike("", "e1"));
    assert_false(host_name_is_alike(".example.com", ".example.com"));
}

static void one_of_many_is_enough_and_none_is_among_none(void **state)
{
    const char *const names[] = {"e1", "e2.example.com"};

    (void)state;
    assert_true(host_name_is_among(names, 2, "e2"));
    assert_false(host_name_is_among(names, 1, "e2"));
    assert_false(host_name_is_among(names, 2, NULL));
    assert_false(host_name_is_among(NULL, 0, "e1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_may_be_left_out_but_not_be_another),
        cmocka_unit_test(an_empty_name_is_nobodys),
        cmocka_unit_test(one_of_many_is_enough_and_none_is_among_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
