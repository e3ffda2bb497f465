/* Lines for sh(1), and what sh makes of them.
 * Must not need anything but a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "uricommand/shell_line.h"

static void expect(const char *word, const char *line)
{
    char *words[] = {(char *)(uintptr_t)word, NULL};
    char *found = shell_line_join(words);

    assert_string_equal(found, line);
    free(found);
}

static void a_plain_command_becomes_the_process(void **state)
{
    (void)state;
    expect("sleep 10", "exec sleep 10");
    expect(" ./run.sh --all", "exec  ./run.sh --all");
    expect("/opt/tools/bin/sim -o $OUT \"a b\" 'c' *.v",
           "exec /opt/tools/bin/sim -o $OUT \"a b\" 'c' *.v");
    expect("true-ish", "exec true-ish");
    expect("sim <in >log 2>&1", "exec sim <in >log 2>&1");
    expect("sim >>log 2>&-", "exec sim >>log 2>&-");
}

static void anything_else_stays_as_it_is(void **state)
{
    static const char *const lines[] = {
        "",           " ",           "a && b",    "a; b",    "a | b",   "a &",
        "a &>f",      "(a)",         "{ a; }",    "! a",     "a\nb",    "A=1 a",
        "exit 7",     "exec a",      "cd /x",     "echo a",  ". file",  ": a",
        "if a",       "while a",     "$CMD a",    "'a' b",   "\"a\" b", "a `b`",
        "a $(b)",     "a # b",       "~/a",       "-a",      "a=b",     "time a",
        "trap x HUP", "ulimit -n 5", "kill -9 1", "a \\\nb", "a\tb; c", "test -e a"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect(lines[i], lines[i]);
}

static void a_function_of_bash_stays_one(void **state)
{
    (void)state;
    setenv("BASH_FUNC_module%%", "() { :; }", 1);
    setenv("BASH_FUNC_ml()", "() { :; }", 1);
    expect("module load vcs", "module load vcs");
    expect("ml vcs", "ml vcs");
    expect("modules", "exec modules");
    expect("mod", "exec mod");
    unsetenv("BASH_FUNC_module%%");
    unsetenv("BASH_FUNC_ml()");
    expect("module load vcs", "exec module load vcs");
}

static void words_are_joined_by_one_blank(void **state)
{
    char one[] = "printf", two[] = "", three[] = "a  b";
    char *words[] = {one, two, three, NULL}, *none[] = {NULL};
    char *found = shell_line_join(words);

    (void)state;
    assert_string_equal(found, "printf  a  b");
    free(found);
    found = shell_line_join(none);
    assert_string_equal(found, "");
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_command_becomes_the_process),
        cmocka_unit_test(anything_else_stays_as_it_is),
        cmocka_unit_test(a_function_of_bash_stays_one),
        cmocka_unit_test(words_are_joined_by_one_blank),
    };

    return cmocka_run_group_tests_name("shell_line", tests, NULL, NULL);
}
