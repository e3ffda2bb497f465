/* How one of several lockerd gives up leading, or what a dead one has left.
 * Must not need an etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "etcd_fixture.h"

static void who_resigns_leaves_the_place_to_others(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t now_ms;

    etcd_fixture_lead(fixture);
    etcd_replica_resign(fixture->replica);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_RESIGNED);
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica), INT64_MIN);
    assert_non_null(strstr(etcd_fixture_value(fixture, "0/leader"), "instance \n"));
    now_ms = fixture->now_ms;
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_true(fixture->now_ms - now_ms >= FIXTURE_TAKEOVER_MS);
}

static void a_vacant_place_is_taken_at_once(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    etcd_fixture_lead(fixture);
    etcd_replica_resign(fixture->replica);
    etcd_fixture_step(fixture);
    snprintf(options.who.cluster, sizeof options.who.cluster, "another");
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_step(fixture);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
    assert_string_equal(etcd_replica_sight(fixture->replica)->leader.cluster, "c0ffee");
}

static void a_resignation_whose_answer_was_lost_is_recognised(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;

    etcd_fixture_lead(fixture);
    etcd_replica_resign(fixture->replica);
    question = etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_lose_answer(fixture, &question), ETCD_EVENT_TROUBLE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_RESIGNED);
}

static void a_parent_resigns_for_a_dead_child(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "one");

    etcd_fixture_lead(fixture);
    etcd_fixture_replace(fixture, &options);
    etcd_replica_resign(fixture->replica);
    etcd_fixture_until(fixture, ETCD_EVENT_RESIGNED);
    assert_non_null(strstr(etcd_fixture_value(fixture, "0/leader"), "instance \n"));
}

static void nobody_resigns_for_somebody_else(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    etcd_fixture_lead(fixture);
    etcd_fixture_replace(fixture, &options);
    etcd_replica_resign(fixture->replica);
    etcd_fixture_until(fixture, ETCD_EVENT_RESIGNED);
    assert_non_null(strstr(etcd_fixture_value(fixture, "0/leader"), "instance one\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETCD_FIXTURE_TEST(who_resigns_leaves_the_place_to_others),
        ETCD_FIXTURE_TEST(a_vacant_place_is_taken_at_once),
        ETCD_FIXTURE_TEST(a_resignation_whose_answer_was_lost_is_recognised),
        ETCD_FIXTURE_TEST(a_parent_resigns_for_a_dead_child),
        ETCD_FIXTURE_TEST(nobody_resigns_for_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
