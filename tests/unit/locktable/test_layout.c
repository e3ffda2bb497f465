/* Columns fitted into a line.
 * Must not need a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "locktable/layout.h"

static void check(size_t line, bool may_drop, size_t first, size_t second, size_t third)
{
    struct layout_column columns[] = {
        {.width = 20, .least = 8},
        {.width = 10, .least = LAYOUT_FIXED, .rank = 1},
        {.width = 12, .least = 6, .rank = 2},
    };

    layout_fit(columns, 3, line, may_drop);
    assert_int_equal(columns[0].width, first);
    assert_int_equal(columns[1].width, second);
    assert_int_equal(columns[2].width, third);
}

static void what_fits_stays_as_it_is(void **state)
{
    (void)state;
    check(46, true, 20, 10, 12);
    check(1000, true, 20, 10, 12);
}

static void the_widest_gives_way_first(void **state)
{
    (void)state;
    check(45, true, 19, 10, 12);
    check(40, true, 14, 10, 12);
    check(30, true, 8, 10, 8);
    check(28, true, 8, 10, 6);
}

static void what_is_too_much_goes_by_rank(void **state)
{
    (void)state;
    check(27, true, 13, 0, 12);
    check(16, true, 8, 0, 6);
    check(15, true, 15, 0, 0);
    check(3, true, 3, 0, 0);
}

static void columns_that_were_chosen_stay(void **state)
{
    (void)state;
    check(27, false, 7, 10, 6);
    check(3, false, 1, 10, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_stays_as_it_is),
        cmocka_unit_test(the_widest_gives_way_first),
        cmocka_unit_test(what_is_too_much_goes_by_rank),
        cmocka_unit_test(columns_that_were_chosen_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
