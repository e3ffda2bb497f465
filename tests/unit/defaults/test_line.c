/* Lines of clients' files, one by one.
 * Must not open files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "defaults/line.h"

static const struct {
    const char *line, *name, *value;
} good[] = {
    {"", NULL, NULL},
    {" \t\r", NULL, NULL},
    {"# host = farm1", NULL, NULL},
    {"  # host", NULL, NULL},
    {"host=farm1", "host", "farm1"},
    {"host = farm1", "host", "farm1"},
    {"\thost\t=\tfarm1:farm2 farm3 \t", "host", "farm1:farm2 farm3"},
    {"host = farm1\r", "host", "farm1"},
    {"host = farm1 # the first", "host", "farm1"},
    {"host = farm1# no comment", "host", "farm1# no comment"},
    {"host = a=1800", "host", "a=1800"},
    {"on-lost = \"kill # 9\"", "on-lost", "kill # 9"},
    {"on-lost = \" x \" # remark", "on-lost", " x "},
    {"on-lost = echo \"a\" b", "on-lost", "echo \"a\" b"},
    {"x2-y = 0", "x2-y", "0"},
    {"user = J\xc3\xb6rg", "user", "J\xc3\xb6rg"},
};

static void a_setting_is_a_name_and_the_rest_without_blanks_and_comment(void **state)
{
    char line[128], *name, *value;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(line, sizeof line, "%s", good[i].line);
        assert_null(defaults_line_parse(line, &name, &value));
        if (good[i].name == NULL) {
            assert_null(name);
            assert_null(value);
            continue;
        }
        assert_string_equal(name, good[i].name);
        assert_string_equal(value, good[i].value);
    }
}

static const struct {
    const char *line, *part;
} bad[] = {
    {"farm1", "no setting"},
    {"[lockersh]", "no setting"},
    {"= farm1", "name"},
    {"Host = farm1", "name"},
    {"on_lost = warn", "name"},
    {"a b = c", "name"},
    {"host =", "no value"},
    {"host = # nothing", "no value"},
    {"host = \"\"", "no value"},
    {"host = \"farm1", "no other behind"},
    {"host = \"farm1\" farm2", "behind the value"},
    {"host = far\x1bm1", "control character"},
    {"host = farm1\x7f", "control character"},
};

static void what_is_no_setting_is_said_to_be_wrong(void **state)
{
    char line[128], *name, *value;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault;

        snprintf(line, sizeof line, "%s", bad[i].line);
        fault = defaults_line_parse(line, &name, &value);
        assert_non_null(fault);
        assert_non_null(strstr(fault, bad[i].part));
        assert_null(name);
        assert_null(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_is_a_name_and_the_rest_without_blanks_and_comment),
        cmocka_unit_test(what_is_no_setting_is_said_to_be_wrong),
    };

    return cmocka_run_group_tests_name("defaults line", tests, NULL, NULL);
}
