/* Owners that ask the lock table again for what they have or wait for.
 * Must not test first requests: that is test_lock_table.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_fixture.h"

static void an_owner_cannot_wait_for_itself(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "b");
    fixture_fail(f, "olga", "a+b", LOCK_OUTCOME_HAS_PART, "b");
    fixture_fail(f, "olga", "2/a:b:c", LOCK_OUTCOME_HAS_PART, "b");
    f->terms.wait = false;
    fixture_fail(f, "olga", "2/a:b", LOCK_OUTCOME_HAS_PART, "b");
    fixture_expect(f, "granted olga");
    fixture_get(f, "olga", "a");
}

static void an_owner_waits_for_a_lock_by_one_demand_only(void **state)
{
    struct fixture *f = *state;

    fixture_get(f, "olga", "2/a:b");
    fixture_queue(f, "omar", "a:b");
    fixture_fail(f, "omar", "a", LOCK_OUTCOME_WAITS, "a");
    fixture_fail(f, "omar", "c:b", LOCK_OUTCOME_WAITS, "b");
    fixture_fail(f, "omar", "2/a:b", LOCK_OUTCOME_WAITS, "a");
    fixture_fail(f, "omar", "a+b", LOCK_OUTCOME_WAITS, "a");
    fixture_fail(f, "omar", "a:b:c", LOCK_OUTCOME_WAITS, "a");
    fixture_expect(f, "granted olga, queued omar");
    assert_int_equal(lock_table_waiter_count(f->table), 1);
}

static void a_holder_that_asks_again_keeps_its_token(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "2/a:b");
    uint64_t token = request->token, ticket = request->ticket;

    f->terms.wait = false;
    f->now_ms = 2000;
    assert_ptr_equal(fixture_get(f, "olga", "2/a:b"), request);
    assert_ptr_equal(fixture_get(f, "olga", "b:c"), request);
    fixture_expect(f, "granted olga, renewed olga, renewed olga");
    assert_true(request->token == token && request->ticket == ticket);
    assert_true(request->granted_ms == 1000);
    assert_int_equal(request->held_count, 2);
}

static void what_two_grants_cover_renews_both(void **state)
{
    struct fixture *f = *state;
    struct lock_request *first = fixture_get(f, "olga", "a");
    struct lock_request *second = fixture_get(f, "olga", "b");

    f->terms.hold_ms = 50;
    assert_ptr_equal(fixture_get(f, "olga", "a+b"), first);
    assert_true(first->deadline_ms == 1050 && second->deadline_ms == 1050);
    fixture_expect(f, "granted olga, granted olga, renewed olga, renewed olga");
}

static void a_waiter_that_asks_again_keeps_its_place(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "2/a:b");
    request = fixture_queue(f, "omar", "a:b");
    fixture_queue(f, "otto", "a:b");
    f->now_ms = 1700;
    assert_ptr_equal(fixture_queue(f, "omar", "a:b"), request);
    assert_ptr_equal(fixture_queue(f, "omar", "b:a:b"), request);
    assert_true(request->asked_ms == 1000);
    fixture_unlock(f, "olga", "a");
    fixture_expect(f, "granted olga, queued omar, queued otto, renewed omar, renewed omar, "
                      "released a of olga by unlock, granted omar");
}

static void a_waiter_that_would_not_wait_is_refused_and_waits_on(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    f->terms.wait = false;
    f->terms.hold_ms = 9;
    fixture_fail(f, "omar", "a", LOCK_OUTCOME_REFUSED, NULL);
    assert_true(request->hold_ms == 0);
    assert_int_equal(lock_table_waiter_count(f->table), 1);
}

static void renewal_replaces_the_terms(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request = fixture_get(f, "olga", "a");

    f->terms.host = "farm1";
    f->terms.pid = 7;
    f->terms.start = 8;
    f->terms.boot = "boot";
    f->terms.pid_namespace = 9;
    f->terms.job = "17";
    f->terms.autounlock = true;
    f->terms.hold_ms = 10;
    fixture_get(f, "olga", "a");
    assert_string_equal(request->process->host, "farm1");
    assert_string_equal(request->process->boot, "boot");
    assert_string_equal(request->process->job, "17");
    assert_true(request->process->pid == 7 && request->process->start == 8 &&
                request->process->pid_namespace == 9);
    assert_true(request->autounlock && request->hold_ms == 10);
    f->terms = (struct lock_ask){.wait = true};
    fixture_get(f, "olga", "a");
    assert_true(request->process->host == NULL && request->process->boot == NULL &&
                request->process->job == NULL);
    assert_true(request->process->pid == 0 && request->process->start == 0 &&
                request->process->pid_namespace == 0);
    assert_true(!request->autounlock && request->deadline_ms == INT64_MAX);
}

static void an_absent_waiter_that_asks_again_is_granted(void **state)
{
    struct fixture *f = *state;
    struct lock_request *request;

    fixture_get(f, "olga", "a");
    request = fixture_queue(f, "omar", "a");
    lock_table_set_present(f->table, request, false, f->now_ms);
    fixture_unlock(f, "olga", "a");
    f->terms.wait = false;
    assert_ptr_equal(fixture_get(f, "omar", "a"), request);
    fixture_expect(f, "granted olga, queued omar, released a of olga by unlock, "
                      "renewed omar, granted omar");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_owner_cannot_wait_for_itself),
        TEST(an_owner_waits_for_a_lock_by_one_demand_only),
        TEST(a_holder_that_asks_again_keeps_its_token),
        TEST(what_two_grants_cover_renews_both),
        TEST(a_waiter_that_asks_again_keeps_its_place),
        TEST(a_waiter_that_would_not_wait_is_refused_and_waits_on),
        TEST(renewal_replaces_the_terms),
        TEST(an_absent_waiter_that_asks_again_is_granted),
    };

    return cmocka_run_group_tests_name("lock table renew", tests, NULL, NULL);
}
