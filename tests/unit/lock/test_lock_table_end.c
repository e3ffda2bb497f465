/* How requests of the lock table end: given back, broken, dead, too long, destroyed.
 * Must not test who is granted what in the first place: that is test_lock_table.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lock_fixture.h"
#include "lock_slices.h"

static void only_the_owner_gives_a_lock_back(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    assert_int_equal(fixture_unlock(f, "omar", "a"), 0);
    assert_int_equal(fixture_unlock(f, "olga", "b"), 0);
    fixture_expect(f, "granted olga");
    assert_int_equal(fixture_unlock(f, "olga", "a"), 1);
    assert_int_equal(fixture_unlock(f, "olga", "a"), 0);
    fixture_expect(f, "released a of olga by unlock");
    assert_int_equal(lock_table_name_count(f->table), 0);
}

static void unlock_tells_the_first_name_that_was_given_back(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"x", "b", "a", "b"};
    size_t first = 77;

    assert_int_equal(lock_table_unlock(f->table, "olga", names, 4, f->now_ms, &first), 0);
    assert_int_equal(first, 77);
    fixture_get(f, "olga", "2/a:b");
    assert_int_equal(lock_table_unlock(f->table, "olga", names, 4, f->now_ms, &first), 2);
    assert_int_equal(first, 1);
    assert_int_equal(lock_table_unlock(f->table, "olga", NULL, 0, f->now_ms, &first), 0);
    fixture_expect(f, "granted olga, released b of olga by unlock, released a of olga by unlock");
}

static void the_rest_of_a_grant_stays_when_a_part_is_given_back(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "2/a:b:c+d");
    uint64_t token = request->token;

    assert_int_equal(fixture_unlock(f, "olga", "a"), 1);
    assert_int_equal(request->state, LOCK_HELD);
    assert_int_equal(request->held_count, 2);
    assert_int_equal(request->groups[0].taken, 1);
    assert_int_equal(request->full_groups, 1);
    assert_int_equal(request->seats[0].state, LOCK_SEAT_NONE);
    assert_null(lock_seat_name(&request->seats[0]));
    assert_true(request->token == token);
    assert_null(lock_table_find(f->table, "olga", "a"));
    assert_ptr_equal(lock_table_find(f->table, "olga", "d"), request);
}

static void a_part_given_back_can_be_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "2/a:b");

    fixture_unlock(f, "olga", "a");
    fixture_fail(f, "olga", "2/a:b", LOCK_OUTCOME_HAS_PART, "b");
    assert_ptr_not_equal(fixture_get(f, "olga", "a"), request);
}

static void unlock_ends_the_owners_wait(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a");
    fixture_queue(f, "otto", "a");
    assert_int_equal(fixture_unlock(f, "omar", "a"), 0);
    assert_int_equal(fixture_unlock(f, "olga", "a"), 1);
    fixture_expect(f, "granted olga, queued omar, queued otto, left omar by unlock, "
                      "released a of olga by unlock, granted otto");
}

/* Its promises count as wanted too, and the queue that a full group has left. */
static void unlock_of_any_name_ends_the_whole_wait(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a+b:c");
    fixture_unlock(f, "omar", "b");
    fixture_queue(f, "omar", "a+b:c");
    fixture_unlock(f, "omar", "c");
    fixture_expect(f, "granted olga, queued omar, left omar by unlock, queued omar, "
                      "left omar by unlock");
    assert_int_equal(lock_table_name_count(f->table), 1);
}

static void unlock_does_both_at_once(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"b", "a"};
    size_t first = 77;

    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_queue(f, "olga", "b");
    assert_int_equal(lock_table_unlock(f->table, "olga", names, 2, f->now_ms, &first), 1);
    assert_int_equal(first, 1);
    fixture_expect(f, "granted olga, granted omar, queued olga, left olga by unlock, "
                      "released a of olga by unlock");
}

static void a_broken_lock_goes_to_the_next(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "a");
    assert_true(lock_table_break(f->table, "a", f->now_ms));
    fixture_expect(f, "granted olga, queued omar, released a of olga by break, granted omar");
    assert_string_equal(fixture_holder(f, "b"), "olga");
}

static void what_nobody_holds_cannot_be_broken(void **state)
{
    struct fixture *f = *state;

    assert_false(lock_table_break(f->table, "a", f->now_ms));
    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a+b:c");
    assert_false(lock_table_break(f->table, "b", f->now_ms)); /* promised */
    assert_false(lock_table_break(f->table, "c", f->now_ms)); /* not wanted any more */
    fixture_expect(f, "granted olga, queued omar");
}

static void each_lock_of_an_ended_grant_is_passed_on(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "3/a:b:c");

    fixture_queue(f, "omar", "c");
    fixture_queue(f, "otto", "b:a");
    fixture_expect(f, "granted olga, queued omar, queued otto");
    lock_table_end(f->table, request, LOCK_REASON_BREAK, f->now_ms);
    fixture_expect(f, "released a of olga by break, granted otto, released b of olga by break, "
                      "released c of olga by break, granted omar");
    assert_string_equal(fixture_holder(f, "b"), "");
}

static void set_process(struct fixture *f, const char *host, uint64_t pid, bool autounlock)
{
    f->terms.host = host;
    f->terms.pid = pid;
    f->terms.autounlock = autounlock;
}

static void a_dead_process_loses_what_has_autounlock(void **state)
{
    struct fixture *f = *state;

    set_process(f, "farm1", 7, true);
    fixture_get(f, "olga", "a");
    set_process(f, "farm1", 7, false);
    fixture_get(f, "omar", "b");
    set_process(f, "farm1", 7, true);
    fixture_queue(f, "otto", "b");
    fixture_expect(f, "granted olga, granted omar, queued otto");
    assert_int_equal(slices_end_process(f->table, "farm1", 7, SIZE_MAX, f->now_ms), 2);
    fixture_expect(f, "left otto by death, released a of olga by death");
    assert_string_equal(fixture_holder(f, "b"), "omar");
}

static void another_process_keeps_its_locks(void **state)
{
    struct fixture *f = *state;

    set_process(f, "farm1", 7, true);
    fixture_get(f, "olga", "a");
    set_process(f, NULL, 7, true);
    fixture_get(f, "omar", "b");
    assert_int_equal(slices_end_process(f->table, "farm1", 6, SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_process(f->table, "farm1", 8, SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_process(f->table, "farm", 7, SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_process(f->table, "farm11", 7, SIZE_MAX, f->now_ms), 0);
    fixture_expect(f, "granted olga, granted omar");
}

/* Pid 0 says that the process is not known: nobody can have seen it end. */
static void an_unknown_process_cannot_die(void **state)
{
    struct fixture *f = *state;

    set_process(f, "farm1", 0, true);
    fixture_get(f, "olga", "a");
    assert_int_equal(slices_end_process(f->table, "farm1", 0, SIZE_MAX, f->now_ms), 0);
    fixture_expect(f, "granted olga");
}

static void a_renewed_grant_outlives_its_old_process(void **state)
{
    struct fixture *f = *state;

    set_process(f, "farm1", 7, true);
    fixture_get(f, "olga", "a");
    set_process(f, "farm2", 8, true);
    fixture_get(f, "olga", "a");
    assert_int_equal(slices_end_process(f->table, "farm1", 7, SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_process(f->table, "farm2", 8, SIZE_MAX, f->now_ms), 1);
    fixture_expect(f, "granted olga, renewed olga, released a of olga by death");
}

static void the_end_of_a_job_ends_all_its_requests(void **state)
{
    struct fixture *f = *state;

    f->terms.job = "17";
    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "a");
    f->terms.job = "171";
    fixture_queue(f, "otto", "b");
    f->terms.job = NULL;
    fixture_get(f, "owen", "c");
    fixture_expect(f, "granted olga, queued omar, queued otto, granted owen");
    assert_int_equal(slices_end_job(f->table, "1", SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_job(f->table, "17", SIZE_MAX, f->now_ms), 2);
    assert_int_equal(slices_end_job(f->table, "17", SIZE_MAX, f->now_ms), 0);
    assert_string_equal(fixture_holder(f, "a"), "");
    assert_string_equal(fixture_holder(f, "b"), "otto");
    assert_string_equal(fixture_holder(f, "c"), "owen");
}

static void what_ends_with_a_job_is_not_granted_on_the_way(void **state)
{
    struct fixture *f = *state;

    fixture_crowd_of_job(f);
    assert_int_equal(slices_end_job(f->table, "17", SIZE_MAX, f->now_ms), 4);
    fixture_expect(f, "left omar by job, left otto by job, released a of olga by job, "
                      "released b of owen by job");
}

static void a_renewed_grant_outlives_its_old_job(void **state)
{
    struct fixture *f = *state;

    f->terms.job = "17";
    fixture_get(f, "olga", "a");
    f->terms.job = "18";
    fixture_get(f, "olga", "a");
    assert_int_equal(slices_end_job(f->table, "17", SIZE_MAX, f->now_ms), 0);
    assert_int_equal(slices_end_job(f->table, "18", SIZE_MAX, f->now_ms), 1);
    fixture_expect(f, "granted olga, renewed olga, released a of olga by job");
}

static void a_grant_ends_at_its_hold_limit(void **state)
{
    struct fixture *f = *state;

    f->terms.hold_ms = 500;
    fixture_get(f, "olga", "2/a:b");
    assert_true(lock_table_next_deadline(f->table) == 1500);
    lock_table_expire(f->table, 1499);
    fixture_expect(f, "granted olga");
    lock_table_expire(f->table, 1500);
    fixture_expect(f, "released a of olga by limit, released b of olga by limit");
    assert_true(lock_table_next_deadline(f->table) == INT64_MAX);
}

static void the_limit_counts_from_the_grant_not_from_the_question(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    f->terms.hold_ms = 500;
    request = fixture_queue(f, "omar", "a");
    assert_true(lock_table_next_deadline(f->table) == INT64_MAX);
    lock_table_expire(f->table, 1800);
    f->now_ms = 2000;
    fixture_unlock(f, "olga", "a");
    assert_true(request->deadline_ms == 2500);
    assert_true(lock_table_next_deadline(f->table) == 2500);
}

static void overdue_grants_end_in_the_order_of_their_limits(void **state)
{
    struct fixture *f = *state;

    f->terms.hold_ms = 30;
    fixture_get(f, "olga", "a");
    f->terms.hold_ms = 10;
    fixture_get(f, "omar", "b");
    f->terms.hold_ms = 20;
    fixture_get(f, "otto", "c");
    fixture_queue(f, "owen", "b");
    fixture_expect(f, "granted olga, granted omar, granted otto, queued owen");
    lock_table_expire(f->table, 1025);
    fixture_expect(f, "released b of omar by limit, granted owen, released c of otto by limit");
    assert_true(lock_table_next_deadline(f->table) == 1030);
}

static void grants_of_many_locks_count_as_many_where_some_end_at_a_time(void **state)
{
    struct fixture *f = *state;

    f->terms.hold_ms = 5000;
    fixture_get(f, "olga", "3/a:b:c");
    fixture_get(f, "omar", "3/d:e:f");
    fixture_get(f, "otto", "3/g:h:i");
    lock_table_expire_some(f->table, f->now_ms + 5000, 4);
    assert_string_equal(fixture_holder(f, "c"), "");
    assert_string_equal(fixture_holder(f, "d"), "");
    assert_string_equal(fixture_holder(f, "g"), "otto");
    lock_table_expire_some(f->table, f->now_ms + 5000, 1);
    assert_string_equal(fixture_holder(f, "g"), "");
}

static void renewal_moves_the_hold_limit(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    f->terms.hold_ms = 500;
    request = fixture_get(f, "olga", "a");
    f->now_ms = 1400;
    fixture_get(f, "olga", "a");
    assert_true(request->deadline_ms == 1900);
    lock_table_expire(f->table, 1899);
    f->terms.hold_ms = 0;
    fixture_get(f, "olga", "a");
    assert_true(lock_table_next_deadline(f->table) == INT64_MAX);
    lock_table_expire(f->table, INT64_MAX);
    assert_string_equal(fixture_holder(f, "a"), "olga");
}

static void a_limit_beyond_all_time_is_none(void **state)
{
    struct fixture *f = *state;

    f->terms.hold_ms = INT64_MAX;
    fixture_get(f, "olga", "a");
    assert_true(lock_table_next_deadline(f->table) == INT64_MAX);
    lock_table_expire(f->table, INT64_MAX - 1);
    assert_string_equal(fixture_holder(f, "a"), "olga");
}

/* The caller chooses where its time line starts. */
static void time_may_start_below_zero(void **state)
{
    struct fixture *f = *state;

    f->now_ms = -1000;
    f->terms.hold_ms = 500;
    fixture_get(f, "olga", "a");
    assert_true(lock_table_next_deadline(f->table) == -500);
    lock_table_expire(f->table, -500);
    fixture_expect(f, "granted olga, released a of olga by limit");
}

static void a_table_with_everything_in_it_is_destroyed_in_silence(void **state)
{
    struct fixture *f = *state;
    struct fixture *other = NULL;

    assert_int_equal(fixture_setup((void **)&other), 0);
    other->terms.host = "farm1";
    other->terms.job = "17";
    other->terms.hold_ms = 5;
    fixture_get(other, "olga", "2/a:b:c+d");
    fixture_queue(other, "omar", "a+e:g");
    fixture_queue(other, "otto", "a+f");
    fixture_unlock(other, "olga", "b");
    other->events[0] = '\0';
    lock_table_destroy(other->table);
    fixture_expect(other, "");
    free(other);
    lock_table_destroy(NULL);
    fixture_expect(f, "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_owner_gives_a_lock_back),
        TEST(unlock_tells_the_first_name_that_was_given_back),
        TEST(the_rest_of_a_grant_stays_when_a_part_is_given_back),
        TEST(a_part_given_back_can_be_asked_for_again),
        TEST(unlock_ends_the_owners_wait),
        TEST(unlock_of_any_name_ends_the_whole_wait),
        TEST(unlock_does_both_at_once),
        TEST(a_broken_lock_goes_to_the_next),
        TEST(what_nobody_holds_cannot_be_broken),
        TEST(each_lock_of_an_ended_grant_is_passed_on),
        TEST(a_dead_process_loses_what_has_autounlock),
        TEST(another_process_keeps_its_locks),
        TEST(an_unknown_process_cannot_die),
        TEST(a_renewed_grant_outlives_its_old_process),
        TEST(the_end_of_a_job_ends_all_its_requests),
        TEST(what_ends_with_a_job_is_not_granted_on_the_way),
        TEST(a_renewed_grant_outlives_its_old_job),
        TEST(a_grant_ends_at_its_hold_limit),
        TEST(the_limit_counts_from_the_grant_not_from_the_question),
        TEST(overdue_grants_end_in_the_order_of_their_limits),
        TEST(grants_of_many_locks_count_as_many_where_some_end_at_a_time),
        TEST(renewal_moves_the_hold_limit),
        TEST(a_limit_beyond_all_time_is_none),
        TEST(time_may_start_below_zero),
        TEST(a_table_with_everything_in_it_is_destroyed_in_silence),
    };

    return cmocka_run_group_tests_name("lock table end", tests, NULL, NULL);
}
