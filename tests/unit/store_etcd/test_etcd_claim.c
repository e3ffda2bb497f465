/* When one claims, and what is made of a claim: the rule alone, and a replica that stands by.
 * Must not need an etcd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "etcd_fixture.h"

enum { T = FIXTURE_TAKEOVER_MS };

/* From the answer that showed it first to the question that showed it last. */
static void silence_is_counted_between_what_is_certain(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 300), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T, T), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 299, T + 5000), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 300, T + 301), ETCD_CLAIM);
}

static void what_one_member_has_is_a_change_if_it_is_later(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20),
                      older = etcd_fixture_sight("them", 19);

    (void)state;
    etcd_claim_glance(&claim, &sight, 0); /* nothing was seen that it could be later than */
    assert_int_equal(etcd_claim_see(&claim, &sight, 10, 10), ETCD_WAIT);
    assert_int_equal(etcd_claim_due_ms(&claim, &sight), T + 10);
    etcd_claim_glance(&claim, &older, 50);
    etcd_claim_glance(&claim, &sight, 60);
    assert_int_equal(etcd_claim_due_ms(&claim, &sight), T + 10);
    sight.seq_revision++;
    etcd_claim_glance(&claim, &sight, 500);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 10, T + 10), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 500, T + 500), ETCD_CLAIM);
    /* And what all have by then is what is so. */
    sight.seq_revision++;
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 501, T + 501), ETCD_WAIT);
}

static void each_heartbeat_begins_the_count_anew(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    sight.seq_revision = 21;
    assert_int_equal(etcd_claim_see(&claim, &sight, T, T), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, 2 * T - 1, 2 * T - 1), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, 2 * T, 2 * T), ETCD_CLAIM);
}

static void a_change_that_took_long_to_be_seen_begins_it_too(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    sight.leader_revision = 11;
    assert_int_equal(etcd_claim_see(&claim, &sight, 10 * T, 10 * T), ETCD_WAIT);
}

static void not_all_claim_at_once(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    claim.hesitation_ms = 400;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 399, T + 399), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 400, T + 400), ETCD_CLAIM);
}

static void a_leader_that_is_silent_later_is_waited_for_longer(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    sight.leader.takeover_ms = 2 * T;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T, T), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, 2 * T, 2 * T), ETCD_CLAIM);
}

static void nobody_waits_for_himself_or_for_nobody(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight ours = etcd_fixture_sight("us", 20), vacant = etcd_fixture_sight("", 20),
                      none = {0};

    (void)state;
    assert_int_equal(etcd_claim_see(&claim, &ours, 0, 0), ETCD_CLAIM);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_CLAIM);
    assert_int_equal(etcd_claim_see(&claim, &none, 0, 0), ETCD_CLAIM);
}

static void who_has_resigned_lets_others_go_first(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight vacant = etcd_fixture_sight("", 20);

    (void)state;
    etcd_claim_begin(&claim, vacant.leader.term);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &vacant, T, T), ETCD_CLAIM);
}

static void who_has_resigned_before_is_as_quick_as_others(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight vacant = etcd_fixture_sight("", 20);

    (void)state;
    etcd_claim_begin(&claim, vacant.leader.term);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_WAIT);
    /* Another has led and resigned, between two looks. */
    vacant.leader_revision++;
    vacant.leader.term++;
    assert_int_equal(etcd_claim_see(&claim, &vacant, 1, 1), ETCD_CLAIM);
}

/* Two may have claimed one term, and the answer of one was lost. */
static void a_claim_that_is_not_known_was_won_by_who_stands_there(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    assert_false(etcd_claim_was_won(&claim, &sight, 3));
    sight = etcd_fixture_sight("us", 20);
    assert_true(etcd_claim_was_won(&claim, &sight, 3));
    assert_false(etcd_claim_was_won(&claim, &sight, 2));
    sight.seq.n = 1;
    assert_false(etcd_claim_was_won(&claim, &sight, 3));
}

static void what_a_later_version_has_left_is_not_touched(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight leader = etcd_fixture_sight("", 20), seq = etcd_fixture_sight("", 20);

    (void)state;
    leader.leader.layout = ETCD_LAYOUT + 1;
    seq.seq.layout = ETCD_LAYOUT + 1;
    assert_int_equal(etcd_claim_see(&claim, &leader, 0, 0), ETCD_LATER_LAYOUT);
    assert_int_equal(etcd_claim_see(&claim, &seq, 0, 0), ETCD_LATER_LAYOUT);
}

/* a replica that stands by */

static void a_standby_looks_often_and_takes_over_in_time(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t begin_ms;
    size_t before;

    etcd_fixture_stand_by(fixture);
    begin_ms = fixture->now_ms;
    before = fixture->questions;
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_true(fixture->now_ms - begin_ms >= FIXTURE_TAKEOVER_MS);
    assert_true(fixture->now_ms - begin_ms < FIXTURE_TAKEOVER_MS + 300);
    assert_true(fixture->questions - before >= 20 && fixture->questions - before <= 24);
}

static void looks_that_fail_count_for_nothing(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_stand_by(fixture);
    etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_IDLE); /* once is nothing */
    for (int i = 0; i < 200; i++) {
        etcd_fixture_ask(fixture);
        assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_TROUBLE);
    }
    assert_false(etcd_replica_leads(fixture->replica));
    /* What is unchanged since then has been so all the time; what one member says is no look. */
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_IDLE);
    assert_false(etcd_replica_leads(fixture->replica));
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
}

static void a_claim_whose_answer_was_lost_is_found_won(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question = etcd_fixture_ask_to_claim(fixture);
    int64_t sent_ms = fixture->now_ms;

    assert_int_equal(etcd_fixture_lose_answer(fixture, &question), ETCD_EVENT_TROUBLE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.term, 1);
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica), sent_ms);
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
}

static void a_claim_that_arrives_late_is_found_won_by_the_next(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question = etcd_fixture_ask_to_claim(fixture);
    struct buffer late = {0}, answer = {0};
    int64_t sent_ms = fixture->now_ms;
    struct etcd_error error;

    buffer_add(&late, question.request->data, question.request->len);
    assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_TROUBLE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE); /* nothing is there yet */
    etcd_model_call(&fixture->etcd, ETCD_TXN, &late, &answer, &error);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.term, 1);
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica), sent_ms);
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    buffer_fini(&late);
    buffer_fini(&answer);
}

static void what_an_earlier_life_has_claimed_is_claimed_again(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "one");

    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    etcd_fixture_lead_again(fixture);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.term, 2);
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_ask_to_claim(fixture);
    assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_TROUBLE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.term, 3);
}

static void who_comes_second_stands_by(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question = etcd_fixture_ask_to_claim(fixture);

    etcd_fixture_usurp(fixture, "two");
    assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_NONE);
    assert_false(etcd_replica_leads(fixture->replica));
    assert_string_equal(etcd_replica_sight(fixture->replica)->leader.host, "host-of-two");
}

static void members_that_do_not_answer_are_not_asked_in_a_rush(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t begin_ms;

    etcd_fixture_ask(fixture);
    begin_ms = fixture->now_ms;
    for (int i = 0; i < 12; i++) {
        etcd_fixture_lose_question(fixture);
        etcd_fixture_ask(fixture);
    }
    assert_true(fixture->now_ms - begin_ms >= 10 * 100);
    assert_true(fixture->now_ms - begin_ms < 12 * 110);
}

static void keys_of_somebody_else_are_left_alone(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_bytes value = etcd_bytes_of("hello");

    etcd_keys_write(&fixture->etcd.keys, ++fixture->etcd.keys.revision,
                    etcd_bytes_of(FIXTURE_PREFIX "0/leader"), &value);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_KEPT_OUT);
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "are not lockerd's"));
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_KEPT_OUT);
}

static void names_that_would_break_a_value_are_refused(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    snprintf(options.who.host, sizeof options.who.host, "a\nterm 9");
    assert_null(etcd_replica_create(&options));
    assert_int_equal(errno, EINVAL);
    options = etcd_fixture_options(fixture, "");
    assert_null(etcd_replica_create(&options));
    options = etcd_fixture_options(fixture, "two");
    options.prefix = "/f";
    assert_null(etcd_replica_create(&options));
    assert_int_equal(errno, EINVAL);
    etcd_replica_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_counted_between_what_is_certain),
        cmocka_unit_test(what_one_member_has_is_a_change_if_it_is_later),
        cmocka_unit_test(each_heartbeat_begins_the_count_anew),
        cmocka_unit_test(a_change_that_took_long_to_be_seen_begins_it_too),
        cmocka_unit_test(not_all_claim_at_once),
        cmocka_unit_test(a_leader_that_is_silent_later_is_waited_for_longer),
        cmocka_unit_test(nobody_waits_for_himself_or_for_nobody),
        cmocka_unit_test(who_has_resigned_lets_others_go_first),
        cmocka_unit_test(who_has_resigned_before_is_as_quick_as_others),
        cmocka_unit_test(a_claim_that_is_not_known_was_won_by_who_stands_there),
        cmocka_unit_test(what_a_later_version_has_left_is_not_touched),
        ETCD_FIXTURE_TEST(a_standby_looks_often_and_takes_over_in_time),
        ETCD_FIXTURE_TEST(looks_that_fail_count_for_nothing),
        ETCD_FIXTURE_TEST(a_claim_whose_answer_was_lost_is_found_won),
        ETCD_FIXTURE_TEST(a_claim_that_arrives_late_is_found_won_by_the_next),
        ETCD_FIXTURE_TEST(what_an_earlier_life_has_claimed_is_claimed_again),
        ETCD_FIXTURE_TEST(who_comes_second_stands_by),
        ETCD_FIXTURE_TEST(members_that_do_not_answer_are_not_asked_in_a_rush),
        ETCD_FIXTURE_TEST(keys_of_somebody_else_are_left_alone),
        ETCD_FIXTURE_TEST(names_that_would_break_a_value_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
