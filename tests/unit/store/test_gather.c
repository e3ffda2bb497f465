/* How long a commit waits for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/gather.h"

static void who_is_alone_never_waits(void **state)
{
    struct store_gather gather = {.last = 1};

    (void)state;
    assert_int_equal(store_gather_begin(&gather, 1000000), 0);
    assert_int_equal(gather.wanted, 0);
}

static void where_the_disk_takes_long_a_commit_waits_for_all(void **state)
{
    struct store_gather gather = {.last = 20, .next = 12};

    (void)state;
    assert_true(store_gather_begin(&gather, 3000) > 0);
    assert_int_equal(gather.wanted, 32);
    store_gather_end(&gather);
    assert_int_equal(gather.wanted, 0);
}

static void it_waits_for_less_than_the_disk_takes(void **state)
{
    struct store_gather gather = {.last = 4, .next = 4};

    (void)state;
    for (int64_t sync_us = 200; sync_us < 10000000; sync_us *= 3)
        assert_true(store_gather_begin(&gather, sync_us) < sync_us);
}

static void where_changes_take_longer_than_the_disk_half_of_them_share_a_sync(void **state)
{
    struct store_gather gather = {.last = 100, .next = 100};

    (void)state;
    assert_true(store_gather_begin(&gather, 300) > 0);
    assert_int_equal(gather.wanted, 100);
}

static void on_a_fast_disk_nobody_waits(void **state)
{
    struct store_gather gather = {.last = 100, .next = 100};

    (void)state;
    assert_int_equal(store_gather_begin(&gather, 90), 0);
    assert_int_equal(gather.wanted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_alone_never_waits),
        cmocka_unit_test(where_the_disk_takes_long_a_commit_waits_for_all),
        cmocka_unit_test(it_waits_for_less_than_the_disk_takes),
        cmocka_unit_test(where_changes_take_longer_than_the_disk_half_of_them_share_a_sync),
        cmocka_unit_test(on_a_fast_disk_nobody_waits),
    };

    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
