/* Asking the lock table: outcomes, queues, promises, grants, renewal.
 * Must not test how requests end: that is test_lock_table_end.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_fixture.h"

static void a_free_lock_is_granted_at_once(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "a");

    fixture_expect(f, "granted olga");
    assert_string_equal(fixture_holder(f, "a"), "olga");
    assert_true(request->asked_ms == 1000 && request->granted_ms == 1000);
    assert_true(request->present);
    assert_null(request->user_data);
}

static void a_held_lock_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    fixture_expect(f, "granted olga, queued omar");
    assert_string_equal(fixture_holder(f, "a"), "olga");
    assert_true(request->token == 0);
    assert_true(request->deadline_ms == INT64_MAX);
}

static void second_waiter_gets_the_lock_on_release(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a");
    fixture_expect(f, "granted olga, queued omar");
    f->now_ms = 1500;
    fixture_unlock(f, "olga", "a");
    fixture_expect(f, "released a of olga by unlock, granted omar");
    assert_true(lock_table_holder(f->table, "a")->granted_ms == 1500);
    assert_true(lock_table_holder(f->table, "a")->asked_ms == 1000);
}

/* Neither by name nor by owner: the last of the alphabet asks first. */
static void waiters_are_served_in_order_of_arrival(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "zoe", "a");
    fixture_queue(f, "yves", "a");
    fixture_queue(f, "xena", "a");
    fixture_queue(f, "will", "a");
    fixture_unlock(f, "zoe", "a");
    fixture_unlock(f, "yves", "a");
    fixture_unlock(f, "xena", "a");
    fixture_expect(f, "granted zoe, queued yves, queued xena, queued will, "
                      "released a of zoe by unlock, granted yves, "
                      "released a of yves by unlock, granted xena, "
                      "released a of xena by unlock, granted will");
}

static void a_refused_request_leaves_no_trace(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    f->terms.wait = false;
    fixture_fail(f, "omar", "a", LOCK_OUTCOME_REFUSED, NULL);
    fixture_fail(f, "omar", "a+b", LOCK_OUTCOME_REFUSED, NULL);
    fixture_fail(f, "omar", "2/a:b", LOCK_OUTCOME_REFUSED, NULL);
    fixture_expect(f, "granted olga");
    assert_int_equal(lock_table_name_count(f->table), 1);
    fixture_unlock(f, "olga", "a");
    fixture_expect(f, "released a of olga by unlock");
    fixture_get(f, "omar", "a:b");
}

static void the_first_named_of_the_free_ones_is_taken(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "c:b:a");
    fixture_get(f, "omar", "c:b:a");
    assert_string_equal(fixture_holder(f, "c"), "olga");
    assert_string_equal(fixture_holder(f, "b"), "omar");
    assert_string_equal(fixture_holder(f, "a"), "");
}

static void who_wants_one_of_two_never_gets_both(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_queue(f, "otto", "a:b");
    fixture_unlock(f, "olga", "a");
    fixture_unlock(f, "omar", "b");
    assert_string_equal(fixture_holder(f, "a"), "otto");
    assert_string_equal(fixture_holder(f, "b"), "");
    assert_null(lock_table_find(f->table, "otto", "b"));
}

static void a_count_is_granted_only_as_a_whole(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "2/a:b:c");
    fixture_expect(f, "granted olga, queued omar");
    assert_string_equal(fixture_holder(f, "c"), "");
    fixture_unlock(f, "olga", "b");
    fixture_expect(f, "released b of olga by unlock, granted omar");
    assert_string_equal(fixture_holder(f, "b"), "omar");
    assert_string_equal(fixture_holder(f, "c"), "omar");
    assert_string_equal(fixture_holder(f, "a"), "olga");
}

static void all_groups_are_granted_with_one_token(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "a:b+2/c:d:e");

    fixture_expect(f, "granted olga");
    assert_int_equal(request->held_count, 3);
    assert_int_equal(request->group_count, 2);
    assert_int_equal(request->full_groups, 2);
    assert_int_equal(request->groups[1].needed, 2);
    assert_int_equal(request->groups[1].taken, 2);
    assert_int_equal(request->seat_count, 5);
    assert_ptr_equal(lock_table_holder(f->table, "d"), request);
}

static void a_promise_is_kept_from_later_tickets(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a+b");
    f->terms.wait = false;
    fixture_fail(f, "otto", "b", LOCK_OUTCOME_REFUSED, NULL);
    f->terms.wait = true;
    fixture_queue(f, "otto", "b");
    fixture_unlock(f, "olga", "a");
    fixture_unlock(f, "omar", "b");
    fixture_expect(f, "granted olga, queued omar, queued otto, released a of olga by unlock, "
                      "granted omar, released b of omar by unlock, granted otto");
}

static void promises_of_a_waiter_that_leaves_go_on(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a+b+c");
    fixture_queue(f, "otto", "c");
    fixture_queue(f, "owen", "b");
    fixture_expect(f, "granted olga, queued omar, queued otto, queued owen");
    lock_table_end(f->table, request, LOCK_REASON_GONE, f->now_ms);
    fixture_expect(f, "left omar by hangup, granted owen, granted otto");
}

/* Else a lock could go to somebody who does not want it any more. */
static void a_full_group_leaves_its_other_queues(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_get(f, "omar", "c");
    fixture_queue(f, "otto", "a:b+c");
    fixture_queue(f, "owen", "b");
    assert_int_equal(lock_table_queue_length(f->table, "b"), 2);
    fixture_unlock(f, "olga", "a");
    assert_int_equal(lock_table_queue_length(f->table, "b"), 1);
    fixture_unlock(f, "olga", "b");
    assert_string_equal(fixture_holder(f, "b"), "owen");
    assert_string_equal(fixture_holder(f, "a"), "");
    fixture_unlock(f, "omar", "c");
    assert_string_equal(fixture_holder(f, "a"), "otto");
}

static void crossing_demands_do_not_deadlock(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "a+b");
    fixture_queue(f, "otto", "b+a");
    fixture_unlock(f, "olga", "b:a");
    assert_string_equal(fixture_holder(f, "a"), "omar");
    assert_string_equal(fixture_holder(f, "b"), "omar");
    fixture_unlock(f, "omar", "a:b");
    assert_string_equal(fixture_holder(f, "a"), "otto");
    assert_string_equal(fixture_holder(f, "b"), "otto");
}

static void impossible_counts_are_refused(void **state)
{
    struct fixture *f = *state;

    fixture_fail(f, "olga", "0/a", LOCK_OUTCOME_BAD_COUNT, NULL);
    fixture_fail(f, "olga", "2/a", LOCK_OUTCOME_BAD_COUNT, NULL);
    fixture_fail(f, "olga", "2/a:a", LOCK_OUTCOME_BAD_COUNT, NULL);
    fixture_fail(f, "olga", "a+3/b:c", LOCK_OUTCOME_BAD_COUNT, NULL);
    fixture_fail(f, "olga", "1/", LOCK_OUTCOME_BAD_COUNT, NULL);
    fixture_fail(f, "olga", "18446744073709551615/a", LOCK_OUTCOME_BAD_COUNT, NULL);
    assert_int_equal(lock_table_name_count(f->table), 0);
}

static void a_name_in_two_groups_is_shared_in_both_or_in_none(void **state)
{
    struct fixture *f = *state;

    fixture_fail(f, "olga", "a:b+1s/c:b", LOCK_OUTCOME_OVERLAP, "b");
    fixture_fail(f, "olga", "a+c+a", LOCK_OUTCOME_BAD_COUNT, NULL);
    assert_int_equal(lock_table_name_count(f->table), 0);
}

static void a_name_twice_in_a_group_counts_once(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "2/b:a:b");

    assert_int_equal(request->seat_count, 2);
    assert_int_equal(request->held_count, 2);
    assert_string_equal(lock_seat_name(&request->seats[0]), "b");
    assert_string_equal(lock_seat_name(&request->seats[1]), "a");
}

static void the_name_at_fault_is_the_callers_own(void **state)
{
    struct fixture *f = *state;
    struct lock_result result;

    fixture_get(f, "olga", "b");
    result = fixture_ask(f, "olga", "a+b");
    assert_ptr_equal(result.name, f->demand[1]);
}

static void everything_asked_is_copied(void **state)
{
    struct fixture *f = *state;
    char owner[] = "olga", name[] = "a", host[] = "farm1", boot[] = "boot", job[] = "17";
    const char *const names[] = {name};
    const struct lock_group group = {.names = names, .name_count = 1, .count = 1};
    const struct lock_ask ask = {
        .owner = owner, .groups = &group, .group_count = 1, .host = host, .boot = boot, .job = job};
    struct lock_request *request = lock_table_request(f->table, &ask, f->now_ms).request;

    owner[0] = name[0] = host[0] = boot[0] = job[0] = '?';
    assert_string_equal(request->owner, "olga");
    assert_string_equal(request->process->host, "farm1");
    assert_string_equal(request->process->boot, "boot");
    assert_string_equal(request->process->job, "17");
    assert_ptr_equal(lock_table_holder(f->table, "a"), request);
}

static void an_absent_waiter_keeps_its_place_and_is_granted_on_return(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    lock_table_set_present(f->table, request, false, f->now_ms);
    fixture_queue(f, "otto", "a");
    fixture_unlock(f, "olga", "a");
    fixture_expect(f, "granted olga, queued omar, queued otto, released a of olga by unlock");
    assert_string_equal(fixture_holder(f, "a"), "");
    assert_int_equal(request->seats[0].state, LOCK_SEAT_PROMISED);
    f->now_ms = 3000;
    lock_table_set_present(f->table, request, true, f->now_ms);
    fixture_expect(f, "granted omar");
    assert_true(request->granted_ms == 3000);
}

static void what_an_absent_waiter_is_promised_goes_on_when_it_leaves(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    lock_table_set_present(f->table, request, false, f->now_ms);
    fixture_queue(f, "otto", "a");
    fixture_unlock(f, "olga", "a");
    lock_table_end(f->table, request, LOCK_REASON_GONE, f->now_ms);
    assert_string_equal(fixture_holder(f, "a"), "otto");
}

static void absence_of_a_holder_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "a");

    lock_table_set_present(f->table, request, false, f->now_ms);
    assert_false(request->present);
    lock_table_set_present(f->table, request, true, f->now_ms);
    fixture_expect(f, "granted olga");
    assert_string_equal(fixture_holder(f, "a"), "olga");
}

static void tickets_and_tokens_grow(void **state)
{
    struct fixture *f = *state;
    struct lock_request *first = fixture_get(f, "olga", "a");
    struct lock_request *second = fixture_queue(f, "omar", "a");
    struct lock_request *third = fixture_get(f, "otto", "b");

    assert_true(first->ticket > 0 && first->token > 0);
    assert_true(second->ticket > first->ticket && third->ticket > second->ticket);
    assert_true(third->token > first->token);
    fixture_unlock(f, "olga", "a");
    assert_true(second->token > third->token);
}

static void counters_go_on_from_where_they_are_set(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    lock_table_set_counters(f->table, 5000000000, 7000000000);
    request = fixture_get(f, "olga", "a");
    assert_true(request->ticket == 5000000000 && request->token == 7000000000);
    request = fixture_get(f, "omar", "b");
    assert_true(request->ticket == 5000000001 && request->token == 7000000001);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_free_lock_is_granted_at_once),
        TEST(a_held_lock_is_waited_for),
        TEST(second_waiter_gets_the_lock_on_release),
        TEST(waiters_are_served_in_order_of_arrival),
        TEST(a_refused_request_leaves_no_trace),
        TEST(the_first_named_of_the_free_ones_is_taken),
        TEST(who_wants_one_of_two_never_gets_both),
        TEST(a_count_is_granted_only_as_a_whole),
        TEST(all_groups_are_granted_with_one_token),
        TEST(a_promise_is_kept_from_later_tickets),
        TEST(promises_of_a_waiter_that_leaves_go_on),
        TEST(a_full_group_leaves_its_other_queues),
        TEST(crossing_demands_do_not_deadlock),
        TEST(impossible_counts_are_refused),
        TEST(a_name_in_two_groups_is_shared_in_both_or_in_none),
        TEST(a_name_twice_in_a_group_counts_once),
        TEST(the_name_at_fault_is_the_callers_own),
        TEST(everything_asked_is_copied),
        TEST(an_absent_waiter_keeps_its_place_and_is_granted_on_return),
        TEST(what_an_absent_waiter_is_promised_goes_on_when_it_leaves),
        TEST(absence_of_a_holder_changes_nothing),
        TEST(tickets_and_tokens_grow),
        TEST(counters_go_on_from_where_they_are_set),
    };

    return cmocka_run_group_tests_name("lock table", tests, NULL, NULL);
}
