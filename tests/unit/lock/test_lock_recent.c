/* Names that were in use of late: found without a search, kept for the next one, and never too
 * many. Must not depend on which names share a place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lock/pools.h"
#include "lock/recent.h"
#include "lock/table.h"

enum { NAMES = 5000 }; /* several in each place */

static void ignore(void *context, const struct lock_event *event)
{
    (void)context;
    (void)event;
}

static int setup(void **state)
{
    *state = lock_table_create(ignore, NULL);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    lock_table_destroy(*state);
    return 0;
}

/* Of different lengths, and alike in front or behind. */
static const char *name_of(int number)
{
    static char name[40];

    snprintf(name, sizeof name, number % 2 == 0 ? "%d-of-the-lab" : "licence-%d", number);
    return name;
}

static const char *owner_of(int number)
{
    static char owner[20];

    snprintf(owner, sizeof owner, "owner%d", number);
    return owner;
}

static void get(struct lock_table *table, int number)
{
    const char *name = name_of(number);
    const struct lock_group group = {.names = &name, .name_count = 1, .count = 1};
    const struct lock_ask ask = {.owner = owner_of(number), .groups = &group, .group_count = 1};

    assert_int_equal(lock_table_request(table, &ask, number).outcome, LOCK_OUTCOME_GRANTED);
}

static void give_back(struct lock_table *table, int number)
{
    const char *name = name_of(number);

    assert_int_equal(lock_table_unlock(table, owner_of(number), &name, 1, number, NULL), 1);
}

static void expect_held(const struct lock_table *table, int number)
{
    const struct lock_request *holder = lock_table_holder(table, name_of(number));

    assert_non_null(holder);
    assert_string_equal(holder->owner, owner_of(number));
}

static void each_name_is_found_whatever_place_it_shares(void **state)
{
    struct lock_table *table = *state;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < NAMES; i++)
            get(table, i);
        for (int i = 0; i < NAMES; i++)
            expect_held(table, i);
        for (int i = round; i < NAMES; i += 2)
            give_back(table, i);
        for (int i = 0; i < NAMES; i++) {
            if (i >= round && (i - round) % 2 == 0)
                assert_null(lock_table_holder(table, name_of(i)));
            else
                expect_held(table, i);
        }
        for (int i = 0; i < NAMES; i++) {
            if (lock_table_holder(table, name_of(i)) != NULL)
                give_back(table, i);
        }
    }
}

static void what_nobody_uses_is_known_to_nobody_and_bounded(void **state)
{
    struct lock_table *table = *state;

    for (int i = 0; i < NAMES; i++) {
        get(table, i);
        give_back(table, i);
        assert_int_equal(lock_table_name_count(table), 0);
    }
    assert_null(lock_table_next_held(table, NULL));
    assert_null(lock_table_held_behind(table, "", 0));
    assert_true(tree_count(&table->locks) > 0);
    assert_true(tree_count(&table->locks) <= RECENT_PLACES);
}

static void a_name_that_was_kept_can_go_offline(void **state)
{
    struct lock_table *table = *state;

    get(table, 1);
    give_back(table, 1);
    assert_false(lock_table_is_offline(table, name_of(1)));
    assert_int_equal(lock_table_set_offline(table, name_of(1), true, 2), 0);
    assert_int_equal(lock_table_name_count(table), 1);
    /* Others in its place do not drive it away. */
    for (int i = 2; i < NAMES; i++) {
        get(table, i);
        give_back(table, i);
    }
    assert_true(lock_table_is_offline(table, name_of(1)));
    assert_int_equal(lock_table_set_offline(table, name_of(1), false, 3), 0);
    assert_int_equal(lock_table_name_count(table), 0);
    get(table, 1);
    give_back(table, 1);
}

static void pools_take_over_names_that_were_kept(void **state)
{
    static const struct pool_config pool = {.name = "licence-1", .seats = 3};
    static const struct pools_config config = {.pools = &pool, .pool_count = 1};
    struct lock_table *table = *state;

    for (int i = 0; i < NAMES; i++) {
        get(table, i);
        if (i != 2)
            give_back(table, i);
    }
    assert_int_equal(lock_table_set_pools(table, &config, NAMES), 0);
    assert_true(lock_table_is_pool(table, "licence-1"));
    expect_held(table, 2);
    get(table, 1);
    assert_int_equal(lock_table_held_count(table), 2);
    give_back(table, 1);
    give_back(table, 2);
    assert_int_equal(lock_table_held_count(table), 0);
    lock_table_forget_pools(table, NULL);
}

static const struct pool_config one_seat = {.name = "licence-1", .seats = 1};
static const struct pool_config three_seats = {.name = "licence-1", .seats = 3};
static const struct pools_config small = {.pools = &one_seat, .pool_count = 1};
static const struct pools_config large = {.pools = &three_seats, .pool_count = 1};

static void names_are_kept_beside_pools(void **state)
{
    struct lock_table *table = *state;

    assert_int_equal(lock_table_set_pools(table, &large, 0), 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 100; i < NAMES; i++) {
            get(table, i);
            expect_held(table, i);
            give_back(table, i);
            assert_null(lock_table_holder(table, name_of(i)));
            assert_int_equal(lock_table_name_count(table), 0);
        }
    }
    assert_true(tree_count(&table->locks) > 0);
    assert_true(tree_count(&table->locks) <= RECENT_PLACES);
    lock_table_forget_pools(table, NULL);
}

/* The pool's seats are licence-11 to licence-13: once one has left it, its name is like any. */
static void a_seat_that_leaves_its_pool_is_kept_as_a_name_and_becomes_a_seat_again(void **state)
{
    struct lock_table *table = *state;

    for (int round = 0; round < 3; round++) {
        assert_int_equal(lock_table_set_pools(table, &large, 0), 0);
        get(table, 13);
        assert_non_null(lock_seat_pool(&lock_table_holder(table, name_of(13))->seats[0]));
        assert_int_equal(lock_table_set_pools(table, &small, 0), 0);
        expect_held(table, 13);
        give_back(table, 13);
        assert_null(lock_table_holder(table, name_of(13)));
        assert_int_equal(lock_table_name_count(table), 0);
        get(table, 13);
        assert_null(lock_seat_pool(&lock_table_holder(table, name_of(13))->seats[0]));
        if (round == 1) /* once it becomes a seat while it is held */
            assert_int_equal(lock_table_set_pools(table, &large, 0), 0);
        give_back(table, 13);
        assert_null(lock_table_holder(table, name_of(13)));
    }
    lock_table_forget_pools(table, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_name_is_found_whatever_place_it_shares, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_nobody_uses_is_known_to_nobody_and_bounded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_name_that_was_kept_can_go_offline, setup, teardown),
        cmocka_unit_test_setup_teardown(pools_take_over_names_that_were_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_kept_beside_pools, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_seat_that_leaves_its_pool_is_kept_as_a_name_and_becomes_a_seat_again, setup,
            teardown),
    };

    return cmocka_run_group_tests_name("lock recent", tests, NULL, NULL);
}
