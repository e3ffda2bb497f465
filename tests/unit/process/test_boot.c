/* Machines and their boots.
 * Must not depend on which machine it runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/boot.h"

static void another_boot_of_the_same_machine_ends_the_first(void **state)
{
    (void)state;
    assert_string_equal(boot_ended("id host boot1", "id host boot2"), "boot1");
}

static void nothing_else_proves_that_a_boot_is_over(void **state)
{
    static const char *const pairs[][2] = {
        {"id host boot1", "id host boot1"},  {"id host boot1", "id2 host boot2"},
        {"id host boot1", "id host2 boot2"}, {"- host boot1", "- host boot2"},
        {"id - boot1", "id - boot2"},        {"id host -", "id host boot2"},
        {"id host boot1", "id host -"},      {"", "id host boot2"},
        {"nonsense", "id host boot2"},       {"id host boot1", "id hos boot2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_null(boot_ended(pairs[i][0], pairs[i][1]));
}

static void this_machine_is_described_alike_each_time(void **state)
{
    char once[BOOT_TEXT_SIZE], again[BOOT_TEXT_SIZE];

    (void)state;
    boot_describe(once);
    boot_describe(again);
    assert_string_equal(once, again);
    assert_null(boot_ended(once, again));
    assert_non_null(strchr(once, ' '));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_boot_of_the_same_machine_ends_the_first),
        cmocka_unit_test(nothing_else_proves_that_a_boot_is_over),
        cmocka_unit_test(this_machine_is_described_alike_each_time),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
