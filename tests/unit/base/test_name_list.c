/* Lists of names with brackets.
 * Must not need files, sockets or time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name_list.h"

/* Expands and joins with blanks. */
static const char *expanded(const char *text)
{
    static char joined[8192];
    struct name_list list = {0};
    char error[256] = "";
    size_t used = 0;

    if (name_list_append(&list, text, error, sizeof error) != 0)
        fail_msg("%s", error);
    joined[0] = '\0';
    for (size_t i = 0; i < list.count; i++)
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? " " : "",
                                 list.names[i]);
    name_list_fini(&list);
    return joined;
}

static void plain_names_are_split_at_colons_commas_and_blanks(void **state)
{
    (void)state;
    assert_string_equal(expanded("lic1"), "lic1");
    assert_string_equal(expanded("lic1:lic2"), "lic1 lic2");
    assert_string_equal(expanded("  lic1 lic2\t: lic3  "), "lic1 lic2 lic3");
    assert_string_equal(expanded("a,b[1,3] , c"), "a b1 b3 c");
    assert_string_equal(expanded("b\xc3\xbc:\xff"), "b\xc3\xbc \xff");
}

static void brackets_are_expanded(void **state)
{
    (void)state;
    assert_string_equal(expanded("vcs[1-3,12]"), "vcs1 vcs2 vcs3 vcs12");
    assert_string_equal(expanded("n[08-11]x"), "n08x n09x n10x n11x");
    assert_string_equal(expanded("[7]"), "7");
    assert_string_equal(expanded("n[098-101]"), "n098 n099 n100 n101");

    assert_string_equal(expanded("r[1-2]n[01-02]:x"), "r1n01 r1n02 r2n01 r2n02 x");
}

static void a_name_that_stands_twice_counts_once(void **state)
{
    (void)state;
    assert_string_equal(expanded("a:b:a"), "a b");
    assert_string_equal(expanded("n[1-3,2]:n3"), "n1 n2 n3");
}

static void faults_are_named_with_their_place(void **state)
{
    static const struct {
        const char *text, *error;
        int number;
    } cases[] = {
        {"", "no name at character 1 of \"\"", EINVAL},
        {"  ", "no name at character 3 of \"  \"", EINVAL},
        {"a::b", "empty name at character 3 of \"a::b\"", EINVAL},
        {":a", "empty name at character 1 of \":a\"", EINVAL},
        {"a:", "empty name at character 3 of \"a:\"", EINVAL},
        {"a[1-2", "bracket without end at character 2 of \"a[1-2\"", EINVAL},
        {"a1]", "bracket that was not opened at character 3 of \"a1]\"", EINVAL},
        {"a[]", "number expected at character 3 of \"a[]\"", EINVAL},
        {"a[1,]", "number expected at character 5 of \"a[1,]\"", EINVAL},
        {"a[x]", "number expected at character 3 of \"a[x]\"", EINVAL},
        {"a[1-x]", "number expected at character 5 of \"a[1-x]\"", EINVAL},
        {"a[1[2]]", "comma or bracket expected at character 4 of \"a[1[2]]\"", EINVAL},
        {"a[1:2]", "comma or bracket expected at character 4 of \"a[1:2]\"", EINVAL},
        {"a[8-1]", "range that goes down at character 3 of \"a[8-1]\"", EINVAL},
        {"a[8-010]", "range with different leading zeros at character 3 of \"a[8-010]\"", EINVAL},
        {"a[1-1025]", "more than 1024 names at character 3 of \"a[1-1025]\"", E2BIG},
        {"a[0-99999999999999999]", "number too long at character 5 of \"a[0-99999999999999999]\"",
         EINVAL},
        {"a\x1b[1]", "control character at character 2 of \"a\\x1b[1]\"", EINVAL},
        {"a\nb", "control character at character 2 of \"a\\x0ab\"", EINVAL},
    };
    struct name_list list = {0};
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = 0;
        assert_int_equal(name_list_append(&list, cases[i].text, error, sizeof error), -1);
        assert_int_equal(errno, cases[i].number);
        assert_string_equal(error, cases[i].error);
        assert_int_equal(list.count, 0);
    }
    name_list_fini(&list);
}

static void a_failed_append_leaves_the_list_alone(void **state)
{
    struct name_list list = {0};
    char error[256];

    (void)state;
    assert_int_equal(name_list_append(&list, "a:b", error, sizeof error), 0);
    assert_int_equal(name_list_append(&list, "c:d:e[", error, sizeof error), -1);
    assert_int_equal(list.count, 2);
    assert_int_equal(name_list_append(&list, "c", error, sizeof error), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.names[2], "c");
    name_list_fini(&list);
}

static void the_bounds_hold(void **state)
{
    struct name_list list = {0};
    char error[256], name[300];

    (void)state;
    assert_int_equal(name_list_append(&list, "n[1-1024]", error, sizeof error), 0);
    assert_int_equal(list.count, 1024);
    assert_int_equal(name_list_append(&list, "m", error, sizeof error), -1);
    assert_int_equal(errno, E2BIG);
    assert_int_equal(list.count, 1024);
    name_list_fini(&list);

    memset(name, 'x', sizeof name);
    name[255] = '\0';
    assert_int_equal(name_list_append(&list, name, error, sizeof error), 0);
    name[255] = 'x';
    name[256] = '\0';
    assert_int_equal(name_list_append(&list, name, error, sizeof error), -1);
    assert_int_equal(errno, EINVAL);
    strcpy(name + 254, "[10]");
    assert_int_equal(name_list_append(&list, name, error, sizeof error), -1);
    assert_int_equal(errno, EINVAL);
    name_list_fini(&list);
}

/* 2 to the 40th names that are all the same one. */
static void brackets_cannot_be_made_to_work_for_ever(void **state)
{
    struct name_list list = {0};
    char text[256] = "a", error[256];

    (void)state;
    for (size_t i = 0; i < 40; i++)
        strcat(text, "[1,1]");
    assert_int_equal(name_list_append(&list, text, error, sizeof error), -1);
    assert_int_equal(errno, E2BIG);
    name_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names_are_split_at_colons_commas_and_blanks),
        cmocka_unit_test(brackets_are_expanded),
        cmocka_unit_test(a_name_that_stands_twice_counts_once),
        cmocka_unit_test(faults_are_named_with_their_place),
        cmocka_unit_test(a_failed_append_leaves_the_list_alone),
        cmocka_unit_test(the_bounds_hold),
        cmocka_unit_test(brackets_cannot_be_made_to_work_for_ever),
    };

    return cmocka_run_group_tests_name("hostlist", tests, NULL, NULL);
}
