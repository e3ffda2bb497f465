/* Ends of processes and jobs in slices, with others in between.
 * Must not test what all slices together come to: test_lock_table_end.c and the models do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lock/ending.h"
#include "lock/pools.h"
#include "lock_fixture.h"

static bool end_some(struct fixture *f, struct lock_ending *ending, size_t most)
{
    return lock_table_end_some(f->table, ending, NULL, most, f->now_ms);
}

/* Of job 17 olga has a, and omar waits for it. */
static void start_job(struct fixture *f)
{
    f->terms.job = "17";
    fixture_get(f, "olga", "a");
    fixture_queue(f, "omar", "a");
}

/* Returns how many slices of the least cost it took. */
static size_t end_by_slices(struct fixture *f, struct lock_ending *ending)
{
    size_t slices = 1;

    while (!end_some(f, ending, 0))
        slices++;
    return slices;
}

/* Goes on until all of the job that waits, and is meant, is absent. */
static void mark_all(struct fixture *f, struct lock_ending *ending, const struct lock_judge *judge)
{
    while (ending->step == LOCK_ENDING_MARKS)
        assert_false(lock_table_end_some(f->table, ending, judge, 1, f->now_ms));
}

static void what_ends_in_slices_is_not_granted_on_the_way(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    fixture_crowd_of_job(f);
    lock_ending_init_job(&ending, f->table, "17");
    assert_true(end_by_slices(f, &ending) >= 8);
    assert_int_equal(ending.ended, 4);
    fixture_expect(f, "left omar by job, left otto by job, released a of olga by job, "
                      "released b of owen by job");
    assert_true(end_some(f, &ending, SIZE_MAX));
    assert_int_equal(ending.ended, 4);
}

static void a_slice_ends_no_more_than_it_may(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;
    char name[16];

    f->terms.job = "17";
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        fixture_get(f, "olga", name);
        f->events[0] = '\0';
    }
    lock_ending_init_job(&ending, f->table, "17");
    assert_false(end_some(f, &ending, 100));
    assert_int_equal(ending.looked, 100);
    assert_int_equal(ending.ended, 0);
    while (ending.ended < 100) {
        size_t before = ending.ended;
        bool is_over = end_some(f, &ending, (size_t)10 * LOCK_ENDING_LOOKS_AN_END);

        f->events[0] = '\0';
        assert_true(ending.ended - before <= 10);
        assert_true(ending.looked < (size_t)12 * LOCK_ENDING_LOOKS_AN_END);
        assert_true(!is_over || ending.ended == 100);
    }
}

static void what_has_many_locks_counts_for_each(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    f->terms.job = "17";
    fixture_get(f, "olga", "4/a:b:c:d");
    fixture_get(f, "omar", "e");
    lock_ending_init_job(&ending, f->table, "17");
    assert_false(end_some(f, &ending, (size_t)3 * LOCK_ENDING_LOOKS_AN_END));
    assert_int_equal(ending.ended, 1);
    assert_int_equal(lock_table_held_count(f->table), 1);
    assert_true(end_some(f, &ending, (size_t)3 * LOCK_ENDING_LOOKS_AN_END));
}

static void what_is_asked_for_between_two_slices_is_not_meant(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    start_job(f);
    lock_ending_init_job(&ending, f->table, "17");
    mark_all(f, &ending, NULL);
    fixture_queue(f, "otto", "a");
    fixture_get(f, "owen", "b");
    f->events[0] = '\0';
    end_by_slices(f, &ending);
    assert_int_equal(ending.ended, 2);
    fixture_expect(f, "left omar by job, released a of olga by job, granted otto");
    assert_string_equal(fixture_holder(f, "b"), "owen");
}

/* What ends in between, by its owner or by somebody else, is nobody's to look for. */
static void what_goes_between_two_slices_is_gone(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    f->terms.job = "17";
    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_queue(f, "otto", "b");
    fixture_get(f, "owen", "c");
    lock_ending_init_job(&ending, f->table, "17");
    mark_all(f, &ending, NULL);
    fixture_unlock(f, "otto", "b");
    while (ending.ended == 0)
        assert_false(end_some(f, &ending, 1));
    assert_string_equal(fixture_holder(f, "a"), "");
    fixture_unlock(f, "omar", "b");
    lock_table_break(f->table, "c", f->now_ms);
    end_by_slices(f, &ending);
    assert_int_equal(ending.ended, 1);
}

static bool was_asked_before(const struct lock_judge *judge, const struct lock_request *request)
{
    const int64_t *then_ms = judge->context;

    return request->last_asked_ms < *then_ms;
}

static void what_a_job_asks_for_later_outlives_its_earlier_run(void **state)
{
    struct fixture *f = *state;
    int64_t requeued_ms;
    const struct lock_judge judge = {.allows = was_asked_before, .context = &requeued_ms};
    struct lock_ending ending;

    f->terms.job = "17";
    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_get(f, "owen", "c");
    fixture_queue(f, "otto", "c");
    requeued_ms = f->now_ms += 10;
    fixture_get(f, "omar", "b");
    fixture_queue(f, "ossi", "c");
    fixture_expect(f, "granted olga, granted omar, granted owen, queued otto, renewed omar, "
                      "queued ossi");
    lock_ending_init_job(&ending, f->table, "17");
    assert_true(lock_table_end_some(f->table, &ending, &judge, SIZE_MAX, f->now_ms));
    assert_int_equal(ending.ended, 3);
    fixture_expect(f, "left otto by job, released a of olga by job, released c of owen by job, "
                      "granted ossi");
}

/* It is of a later run of the job by then. */
static void a_wait_that_is_renewed_between_two_slices_goes_on_if_only_what_was_before_is_meant(
    void **state)
{
    struct fixture *f = *state;
    const int64_t then_ms = f->now_ms + 10;
    const struct lock_judge judge = {.allows = was_asked_before, .context = &then_ms};
    struct lock_ending ending;

    start_job(f);
    f->now_ms += 10;
    lock_ending_init_job(&ending, f->table, "17");
    mark_all(f, &ending, &judge);
    fixture_queue(f, "omar", "a");
    f->events[0] = '\0';
    assert_true(lock_table_end_some(f->table, &ending, &judge, SIZE_MAX, f->now_ms));
    fixture_expect(f, "released a of olga by job, granted omar");
}

static void an_ending_that_is_given_up_leaves_nobody_absent(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    start_job(f);
    f->terms.job = NULL;
    fixture_queue(f, "otto", "a");
    f->events[0] = '\0';
    lock_ending_init_job(&ending, f->table, "17");
    mark_all(f, &ending, NULL);
    lock_table_leave_ending(f->table, &ending, NULL, f->now_ms);
    fixture_expect(f, "left omar by job");
    assert_string_equal(fixture_holder(f, "a"), "olga");
    assert_true(end_some(f, &ending, SIZE_MAX));
    assert_string_equal(fixture_holder(f, "a"), "olga");
}

/* Nobody was made absent. */
static void an_ending_that_has_not_begun_is_given_up_without_a_trace(void **state)
{
    struct fixture *f = *state;
    struct lock_ending ending;

    start_job(f);
    lock_ending_init_job(&ending, f->table, "17");
    lock_table_leave_ending(f->table, &ending, NULL, f->now_ms);
    fixture_expect(f, "granted olga, queued omar");
}

static bool is_of_olga(const struct lock_judge *judge, const struct lock_request *request)
{
    return strcmp(request->owner, judge->context) == 0;
}

static void a_process_ends_in_slices_as_far_as_the_judge_allows(void **state)
{
    const struct lock_judge judge = {.allows = is_of_olga, .context = "olga"};
    struct fixture *f = *state;
    struct lock_ending ending;

    f->terms.host = "farm1";
    f->terms.pid = 7;
    f->terms.autounlock = true;
    fixture_get(f, "olga", "a");
    fixture_get(f, "omar", "b");
    fixture_get(f, "olga", "c");
    f->terms.autounlock = false;
    fixture_get(f, "olga", "d");
    f->events[0] = '\0';
    lock_ending_init_process(&ending, f->table, "farm1", 7);
    while (!lock_table_end_some(f->table, &ending, &judge, 1, f->now_ms))
        ;
    fixture_expect(f, "released a of olga by death, released c of olga by death");
    lock_ending_init_process(&ending, f->table, "farm1", 0);
    assert_true(end_some(f, &ending, SIZE_MAX));
    assert_int_equal(ending.ended, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_ends_in_slices_is_not_granted_on_the_way),
        TEST(a_slice_ends_no_more_than_it_may),
        TEST(what_has_many_locks_counts_for_each),
        TEST(what_is_asked_for_between_two_slices_is_not_meant),
        TEST(what_goes_between_two_slices_is_gone),
        TEST(what_a_job_asks_for_later_outlives_its_earlier_run),
        TEST(a_wait_that_is_renewed_between_two_slices_goes_on_if_only_what_was_before_is_meant),
        TEST(an_ending_that_is_given_up_leaves_nobody_absent),
        TEST(an_ending_that_has_not_begun_is_given_up_without_a_trace),
        TEST(a_process_ends_in_slices_as_far_as_the_judge_allows),
    };

    return cmocka_run_group_tests_name("lock ending", tests, NULL, NULL);
}
