/* Which names a shell keeps to itself.
 * Must not start a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uricommand/shell_names.h"

static bool is_builtin_only(const char *name)
{
    return shell_name_is_builtin_only(name, strlen(name));
}

static bool is_known(const char *name)
{
    return shell_name_is_known(name, strlen(name));
}

static void what_no_program_does_is_the_shells_alone(void **state)
{
    (void)state;
    assert_true(is_builtin_only("cd"));
    assert_true(is_builtin_only(":"));
    assert_true(is_builtin_only("umask"));
    assert_false(is_builtin_only("echo"));
    assert_false(is_builtin_only("if"));
    assert_false(is_builtin_only("ls"));
}

static void keywords_and_other_builtins_are_known(void **state)
{
    (void)state;
    assert_true(is_known("cd"));
    assert_true(is_known("echo"));
    assert_true(is_known("["));
    assert_true(is_known("if"));
    assert_true(is_known("mapfile"));
    assert_false(is_known("ls"));
}

static void only_whole_names_count(void **state)
{
    (void)state;
    assert_false(is_known("c"));
    assert_false(is_known("cdd"));
    assert_false(is_known(""));
    assert_true(shell_name_is_builtin_only("cd /tmp", 2));
    assert_false(shell_name_is_known("cd", 1));
}

static void arguments_end_in_an_option(void **state)
{
    static const char *const with[] = {"/bin/bash -c", "tcsh -f -c", " env -i sh  -c ", "perl\t-e"};
    static const char *const without[] = {"sh", "my shell", "/opt/a b/sh", "-c", " -c", "", " "};

    (void)state;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        assert_true(shell_name_has_arguments(with[i]));
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(shell_name_has_arguments(without[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_program_does_is_the_shells_alone),
        cmocka_unit_test(keywords_and_other_builtins_are_known),
        cmocka_unit_test(only_whole_names_count),
        cmocka_unit_test(arguments_end_in_an_option),
    };

    return cmocka_run_group_tests_name("shell_names", tests, NULL, NULL);
}
