/* An array that grows item by item.
 * Must not rely on where its block is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"

enum { COUNT = 1000, GROWTHS_MAX = 10 };

static void items_stay_while_the_array_grows(void **state)
{
    size_t room = 0, before, growths = 0;
    int *items = NULL;

    (void)state;
    for (size_t count = 0; count < COUNT; count++) {
        before = room;
        items = array_grow(items, &room, count, sizeof *items);
        assert_non_null(items);
        assert_true(room > count);
        growths += room != before;
        items[count] = (int)count;
    }
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(items[i], i);
    assert_true(growths >= 1 && growths <= GROWTHS_MAX);
    free(items);
}

static void what_cannot_grow_stays_as_it_was(void **state)
{
    size_t room = SIZE_MAX / 4;
    char byte = 'x';

    (void)state;
    errno = 0;
    assert_null(array_grow(&byte, &room, room, 16));
    assert_int_equal(errno, ENOMEM);
    assert_true(room == SIZE_MAX / 4);
    assert_int_equal(byte, 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stay_while_the_array_grows),
        cmocka_unit_test(what_cannot_grow_stays_as_it_was),
    };

    return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
