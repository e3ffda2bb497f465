/* Questions to the lock table: who, where in the queue, behind whom, how many.
 * Must not test what changes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_fixture.h"

static void position_counts_those_before_in_the_queue(void **state)
{
    struct fixture *f = *state;
    struct lock_request *holder = fixture_get(f, "olga", "a");
    struct lock_request *second = fixture_queue(f, "omar", "a");
    struct lock_request *third = fixture_queue(f, "otto", "a");

    assert_int_equal(lock_table_position(f->table, holder), 0);
    assert_int_equal(lock_table_position(f->table, second), 1);
    assert_int_equal(lock_table_position(f->table, third), 2);
    fixture_unlock(f, "omar", "a");
    assert_int_equal(lock_table_position(f->table, third), 1);
}

static void position_is_the_shortest_queue_of_a_group(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "a");
    fixture_queue(f, "otto", "a");
    assert_int_equal(lock_table_position(f->table, fixture_queue(f, "owen", "a:b")), 1);
    assert_int_equal(lock_table_position(f->table, fixture_queue(f, "ozzy", "a:b")), 2);
}

static void position_is_the_longest_of_the_groups_not_full(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_queue(f, "otto", "b");
    fixture_queue(f, "owen", "b");
    request = fixture_queue(f, "ozzy", "c+b+a");
    assert_int_equal(lock_table_position(f->table, request), 3);
    fixture_unlock(f, "otto", "b");
    fixture_unlock(f, "owen", "b");
    fixture_unlock(f, "omar", "b");
    assert_int_equal(lock_table_position(f->table, request), 1);
}

static void who_has_all_promised_but_is_away_is_next(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    lock_table_set_present(f->table, request, false, f->now_ms);
    fixture_unlock(f, "olga", "a");
    assert_int_equal(lock_table_position(f->table, request), 1);
    assert_null(lock_table_blocker(f->table, request, NULL));
}

static void the_blocker_holds_the_first_lock_still_wanted(void **state)
{
    struct fixture *f = *state;
    struct lock_request *a = fixture_get(f, "olga", "a");
    struct lock_request *b = fixture_get(f, "omar", "b");
    struct lock_request *request = fixture_queue(f, "otto", "c+b+a");
    const char *name = NULL;

    assert_ptr_equal(lock_table_blocker(f->table, request, &name), b);
    assert_string_equal(name, "b");
    fixture_unlock(f, "omar", "b");
    assert_ptr_equal(lock_table_blocker(f->table, request, &name), a);
    assert_string_equal(name, "a");
    assert_null(lock_table_blocker(f->table, a, NULL));
    fixture_unlock(f, "olga", "a");
    assert_null(lock_table_blocker(f->table, request, NULL));
}

static void who_was_promised_the_lock_blocks_too(void **state)
{
    struct fixture *f = *state;
    struct lock_request *promised, *request;
    const char *name = NULL;

    fixture_get(f, "olga", "a");
    promised = fixture_queue(f, "omar", "a+b");
    request = fixture_queue(f, "otto", "b");
    assert_ptr_equal(lock_table_blocker(f->table, request, &name), promised);
    assert_string_equal(name, "b");
    assert_null(lock_table_holder(f->table, "b"));
}

static void a_queue_has_those_who_wait_and_not_those_who_have(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(lock_table_queue_length(f->table, "a"), 0);
    fixture_get(f, "olga", "a");
    assert_int_equal(lock_table_queue_length(f->table, "a"), 0);
    fixture_queue(f, "omar", "a+b:c");
    fixture_queue(f, "otto", "a+b");
    assert_int_equal(lock_table_queue_length(f->table, "a"), 2);
    assert_int_equal(lock_table_queue_length(f->table, "b"), 1);
    assert_int_equal(lock_table_queue_length(f->table, "c"), 0);
}

static void held_locks_are_listed_by_name(void **state)
{
    static const char *const names[] = {"a", "b", "d", "e"};
    struct fixture *f = *state;
    const struct lock_seat *seat = NULL;

    fixture_get(f, "olga", "2/d:a");
    fixture_get(f, "omar", "b");
    fixture_queue(f, "otto", "a+c"); /* c is promised, not held */
    fixture_get(f, "owen", "e");
    for (size_t i = 0; i < 4; i++) {
        seat = lock_table_next_held(f->table, seat);
        assert_non_null(seat);
        assert_string_equal(lock_seat_name(seat), names[i]);
    }
    assert_string_equal(seat->request->owner, "owen");
    assert_null(lock_table_next_held(f->table, seat));
    assert_int_equal(lock_table_held_count(f->table), 4);
}

static void waiters_are_listed_by_ticket(void **state)
{
    struct fixture *f = *state;
    struct lock_request *first, *second, *third;

    assert_null(lock_table_next_waiter(f->table, NULL));
    fixture_get(f, "olga", "a");
    first = fixture_queue(f, "zoe", "a");
    second = fixture_queue(f, "omar", "a");
    third = fixture_queue(f, "otto", "a");
    assert_ptr_equal(lock_table_next_waiter(f->table, NULL), first);
    assert_ptr_equal(lock_table_next_waiter(f->table, first), second);
    assert_ptr_equal(lock_table_next_waiter(f->table, second), third);
    assert_null(lock_table_next_waiter(f->table, third));
    assert_int_equal(lock_table_waiter_count(f->table), 3);
}

static void a_request_is_found_by_owner_and_any_name(void **state)
{
    struct fixture *f = *state;
    struct lock_request *held = fixture_get(f, "olga", "a:b");
    struct lock_request *waiting = fixture_queue(f, "omar", "a+c:d");

    assert_ptr_equal(lock_table_find(f->table, "olga", "a"), held);
    assert_null(lock_table_find(f->table, "olga", "b"));
    assert_ptr_equal(lock_table_find(f->table, "omar", "a"), waiting);
    assert_ptr_equal(lock_table_find(f->table, "omar", "c"), waiting);
    assert_ptr_equal(lock_table_find(f->table, "omar", "d"), waiting);
    assert_null(lock_table_find(f->table, "olga", "c"));
    assert_null(lock_table_find(f->table, "om", "a"));
    assert_null(lock_table_find(f->table, "olga", ""));
}

static void names_vanish_with_their_last_use(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "a:b:c");

    assert_int_equal(lock_table_name_count(f->table), 1);
    fixture_queue(f, "omar", "a+d");
    assert_int_equal(lock_table_name_count(f->table), 2);
    lock_table_end(f->table, request, LOCK_REASON_UNLOCK, f->now_ms);
    assert_int_equal(lock_table_name_count(f->table), 2);
    fixture_unlock(f, "omar", "d");
    assert_int_equal(lock_table_name_count(f->table), 1);
    fixture_unlock(f, "omar", "a");
    assert_int_equal(lock_table_name_count(f->table), 0);
}

static void seats_stand_in_the_order_of_the_demand(void **state)
{
    static const char *const names[] = {"c", "a", "b"};
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "b");
    request = fixture_queue(f, "omar", "c:a+b");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(lock_seat_name(&request->seats[i]), names[i]);
        assert_int_equal(request->seats[i].group, i / 2);
    }
    assert_int_equal(request->seats[0].state, LOCK_SEAT_PROMISED);
    assert_int_equal(request->seats[1].state, LOCK_SEAT_NONE);
    assert_int_equal(request->seats[2].state, LOCK_SEAT_QUEUED);
    fixture_unlock(f, "olga", "b");
    assert_int_equal(request->seats[0].state, LOCK_SEAT_HELD);
    assert_null(lock_seat_name(&request->seats[1]));
    assert_int_equal(request->seats[2].state, LOCK_SEAT_HELD);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(position_counts_those_before_in_the_queue),
        TEST(position_is_the_shortest_queue_of_a_group),
        TEST(position_is_the_longest_of_the_groups_not_full),
        TEST(who_has_all_promised_but_is_away_is_next),
        TEST(the_blocker_holds_the_first_lock_still_wanted),
        TEST(who_was_promised_the_lock_blocks_too),
        TEST(a_queue_has_those_who_wait_and_not_those_who_have),
        TEST(held_locks_are_listed_by_name),
        TEST(waiters_are_listed_by_ticket),
        TEST(a_request_is_found_by_owner_and_any_name),
        TEST(names_vanish_with_their_last_use),
        TEST(seats_stand_in_the_order_of_the_demand),
    };

    return cmocka_run_group_tests_name("lock table query", tests, NULL, NULL);
}
