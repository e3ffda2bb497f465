/* Names folded into host lists, and natural order.
 * Must not need a locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/name_fold.h"
#include "base/name_list.h"
#include "base/natural_order.h"

enum { NAMES_MAX = 32 };

/* Folds names that stand in a text with blanks between them. */
static void check(const char *text, const char *expected)
{
    char *copy = strdup(text), *rest = copy, *folded;
    const char *names[NAMES_MAX];
    size_t count = 0;

    assert_non_null(copy);
    while (rest != NULL && *rest != '\0')
        names[count++] = strsep(&rest, " ");
    folded = name_fold(names, count);
    assert_string_equal(folded, expected);
    free(folded);
    free(copy);
}

static void numbers_in_a_row_are_a_range(void **state)
{
    (void)state;
    check("vcs1 vcs2 vcs3 vcs4 vcs12", "vcs[1-4,12]");
    check("vcs10 vcs9 vcs2", "vcs[2,9-10]");
    check("vcs1", "vcs1");
    check("vcs1 vcs2", "vcs[1-2]");
    check("", "");
    check("7 8", "[7-8]");
}

static void zeros_in_front_are_kept(void **state)
{
    (void)state;
    check("n08 n09 n10", "n[08-10]");
    check("n8 n9 n10", "n[8-10]");
    check("n09 n10 n11 n100", "n[09-11,100]");
    check("n8 n09", "n[8,09]");
    check("n1 n01 n001", "n[1,01,001]");
    check("n99 n100", "n[99-100]");
    check("n099 n100", "n[099-100]");
}

static void what_differs_elsewhere_stands_beside(void **state)
{
    (void)state;
    check("vcs1 lic vcs2 board1", "board1:lic:vcs[1-2]");
    check("r1n1 r1n2 r2n1", "r1n[1-2]:r2n1");
    check("a1x a1y a2x", "a[1-2]x:a1y");
    check("a12345678901 a12345678902", "a12345678901:a12345678902");
}

static void what_would_be_read_as_others_is_not_folded(void **state)
{
    (void)state;
    check("a,1 a,2", "a,1:a,2");
    check("x[1 x[2", "x[1:x[2");
}

static void folded_names_are_read_as_the_same(void **state)
{
    static const char *const heads[] = {"n", "n0", "m", "n"}, *const tails[] = {"", "", "x", "a"};
    const char *names[NAMES_MAX];
    char texts[NAMES_MAX][16], error[128], *folded;
    struct name_list list = {0};

    (void)state;
    for (size_t i = 0; i < NAMES_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "%s%zu%s", heads[i % 4], 90 + i / 2 * (i % 3),
                 tails[i % 4]);
        names[i] = texts[i];
    }
    folded = name_fold(names, NAMES_MAX);
    assert_non_null(folded);
    assert_int_equal(name_list_append(&list, folded, error, sizeof error), 0);
    for (size_t i = 0; i < NAMES_MAX; i++)
        assert_true(name_list_has(list.names, list.count, names[i]));
    name_list_fini(&list);
    free(folded);
}

static void numbers_sort_as_numbers(void **state)
{
    static const char *const sorted[] = {"",
                                         "10",
                                         "a",
                                         "n01",
                                         "n1",
                                         "n2",
                                         "n2a1",
                                         "n2a3",
                                         "n2a20",
                                         "n10",
                                         "n99999999999999999999",
                                         "n100000000000000000000",
                                         "vcs"};

    (void)state;
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
        for (size_t j = 0; j < sizeof sorted / sizeof *sorted; j++) {
            int order = natural_order_compare(sorted[i], sorted[j]);

            if ((i < j && order >= 0) || (i == j && order != 0))
                fail_msg("%s and %s: %d", sorted[i], sorted[j], order);
        }
    }
    assert_true(natural_order_compare("n01", "n1") < 0);
    assert_true(natural_order_compare("n1", "n01") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_a_row_are_a_range),
        cmocka_unit_test(zeros_in_front_are_kept),
        cmocka_unit_test(what_differs_elsewhere_stands_beside),
        cmocka_unit_test(what_would_be_read_as_others_is_not_folded),
        cmocka_unit_test(folded_names_are_read_as_the_same),
        cmocka_unit_test(numbers_sort_as_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
