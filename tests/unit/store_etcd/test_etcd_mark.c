/* What was seen of etcd, by which one that was put back to an earlier time is known, or another:
 * the rule alone, and a replica that goes by it. Must not need an etcd. */
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

static void an_earlier_state_is_not_gone_on_with(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight vacant = etcd_fixture_sight("", 20);

    (void)state;
    etcd_mark_raise(&claim.mark, 1, 100, 50);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_CLAIM);
    etcd_mark_raise(&claim.mark, 1, 101, 50);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_EARLIER_STATE);
    vacant.revision = 101;
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_CLAIM);
    etcd_mark_raise(&claim.mark, 1, 1, 51);
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_EARLIER_STATE);
}

static bool are_equal(const struct etcd_mark *a, const struct etcd_mark *b)
{
    return a->cluster_id == b->cluster_id && a->revision == b->revision &&
           a->next_token == b->next_token && a->accepted == b->accepted;
}

/* Whoever leads there, and however much there is. */
static void another_etcd_is_not_gone_on_with(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight vacant = etcd_fixture_sight("", 20), led = etcd_fixture_sight("them", 20);
    const struct etcd_mark mark = {.cluster_id = 2, .revision = 1, .next_token = 1};

    (void)state;
    claim.mark = mark;
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_EARLIER_STATE);
    assert_int_equal(etcd_claim_see(&claim, &led, 0, 0), ETCD_EARLIER_STATE);
    etcd_mark_see(&claim.mark, &led);
    etcd_mark_raise(&claim.mark, led.cluster_id, 1000, 1000);
    assert_true(are_equal(&claim.mark, &mark));
}

/* One look may see what was. */
static void an_earlier_state_that_another_leads_is_told_of_when_it_stays(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight led = etcd_fixture_sight("them", 20);

    (void)state;
    claim.mark = (struct etcd_mark){1, 1000, 50, 0};
    assert_int_equal(etcd_claim_see(&claim, &led, 0, 10), ETCD_WAIT);
    led.revision = 1000;
    led.seq_revision = 21;
    assert_int_equal(etcd_claim_see(&claim, &led, 20, 30), ETCD_WAIT);
    led.revision = 200;
    for (int64_t ms = 100; ms < 100 + T; ms += T / 10) {
        led.seq_revision++;
        assert_int_equal(etcd_claim_see(&claim, &led, ms, ms), ETCD_WAIT);
    }
    etcd_mark_see(&claim.mark, &led);
    assert_int_equal(claim.mark.revision, 1000);
    led.seq_revision++;
    assert_int_equal(etcd_claim_see(&claim, &led, 100 + T, 100 + T), ETCD_EARLIER_STATE);
}

static void what_is_seen_is_remembered(void **state)
{
    struct etcd_mark mark = {0};
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    etcd_mark_see(&mark, &sight);
    assert_true(are_equal(&mark, &(struct etcd_mark){1, 100, 50, 0}));
    sight.revision = 99;
    sight.seq.next_token = 60;
    etcd_mark_see(&mark, &sight);
    assert_true(are_equal(&mark, &(struct etcd_mark){1, 100, 50, 0}));
}

/* Somebody has said so at another lockerd, which has led since. */
static void what_was_accepted_elsewhere_is_gone_on_with(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    claim.mark = (struct etcd_mark){2, 1000, 50, 7};
    sight.leader.accepted = 7;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_EARLIER_STATE);
    sight.leader.accepted = 8;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    etcd_mark_see(&claim.mark, &sight);
    assert_true(are_equal(&claim.mark, &(struct etcd_mark){1, 100, 50, 8}));
    sight.cluster_id = 3;
    sight.seq.next_token = 49;
    sight.leader.accepted = 9; /* but no token is given twice */
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_EARLIER_STATE);
}

/* A lockerd of an earlier version writes nothing of it. */
static void what_was_accepted_once_may_be_forgotten(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight vacant = etcd_fixture_sight("", 20);

    (void)state;
    claim.mark = (struct etcd_mark){1, 100, 50, 7};
    assert_int_equal(etcd_claim_see(&claim, &vacant, 0, 0), ETCD_CLAIM);
}

static void who_accepts_an_earlier_state_waits_as_others_do(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    claim.mark = (struct etcd_mark){2, 1000, 1000, 0};
    claim.accepts = true;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    sight.seq_revision++;
    assert_int_equal(etcd_claim_see(&claim, &sight, 1, 1), ETCD_WAIT);
    assert_int_equal(etcd_claim_see(&claim, &sight, T + 1, T + 1), ETCD_CLAIM);
    etcd_mark_see(&claim.mark, &sight);
    assert_int_equal(claim.mark.cluster_id, 2);
}

/* There is nothing to accept where somebody lives who leads: what comes later is told of. */
static void what_is_accepted_is_no_later_state(void **state)
{
    struct etcd_claim claim = etcd_fixture_claim("us");
    struct etcd_sight sight = etcd_fixture_sight("them", 20);

    (void)state;
    claim.accepts = true;
    assert_int_equal(etcd_claim_see(&claim, &sight, 0, 0), ETCD_WAIT);
    assert_true(claim.accepts); /* it may have been dead for long */
    sight.seq_revision++;
    assert_int_equal(etcd_claim_see(&claim, &sight, 1, 1), ETCD_WAIT);
    etcd_mark_see(&claim.mark, &sight);
    sight.cluster_id = 2;
    assert_int_equal(etcd_claim_see(&claim, &sight, 2, 2), ETCD_EARLIER_STATE);
}

/* a replica */

static void a_replica_of_a_restored_etcd_says_why_it_does_not_lead(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    options.mark = (struct etcd_mark){fixture->etcd.cluster_id, 1, 1000, 0};
    etcd_fixture_lead(fixture);
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_until(fixture, ETCD_EVENT_KEPT_OUT);
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "earlier state"));
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "tokens below 1;"));
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "tokens below 1000)"));
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "--accept-older-state"));
}

static void a_standby_remembers_what_it_sees(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_mark mark;

    etcd_fixture_stand_by(fixture);
    mark = etcd_replica_mark(fixture->replica);
    assert_int_equal(mark.cluster_id, fixture->etcd.cluster_id);
    assert_int_equal(mark.revision, fixture->etcd.keys.revision);
    assert_int_equal(mark.next_token, 1);
}

static void a_standby_of_another_etcd_remembers_the_first(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_mark mark;

    etcd_fixture_stand_by(fixture);
    mark = etcd_replica_mark(fixture->replica);
    fixture->etcd.cluster_id++;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_KEPT_OUT);
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "another state"));
    etcd_fixture_until(fixture, ETCD_EVENT_KEPT_OUT);
    assert_true(are_equal(&mark, &(struct etcd_mark){etcd_replica_mark(fixture->replica).cluster_id,
                                                     mark.revision, mark.next_token, 0}));
    fixture->etcd.cluster_id--;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
}

static void a_claim_that_another_etcd_took_is_none(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question = etcd_fixture_ask_to_claim(fixture);

    fixture->etcd.cluster_id++;
    assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_KEPT_OUT);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_KEPT_OUT);
}

static void a_lost_claim_that_another_etcd_has_is_none(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question = etcd_fixture_ask_to_claim(fixture);

    assert_int_equal(etcd_fixture_lose_answer(fixture, &question), ETCD_EVENT_TROUBLE);
    fixture->etcd.cluster_id++;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_KEPT_OUT);
}

enum { WALL = 5000000 };

static int64_t wall_ms(void *context)
{
    (void)context;
    return WALL;
}

/* What was seen of an etcd that has less than that now, and another id. */
static struct etcd_mark put_back(struct etcd_fixture *fixture, struct etcd_replica_options *options)
{
    etcd_fixture_lead(fixture);
    options->mark = (struct etcd_mark){fixture->etcd.cluster_id, 1000, 1000, 0};
    options->wall_ms = wall_ms;
    fixture->etcd.cluster_id++;
    return options->mark;
}

static void an_earlier_state_that_is_accepted_is_led_above_the_past(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");
    struct etcd_mark before = put_back(fixture, &options), mark;

    options.accepts = true;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_lead(fixture);
    assert_int_equal(etcd_replica_counters(fixture->replica).next_token, WALL);
    assert_int_equal(etcd_replica_counters(fixture->replica).next_ticket, WALL);
    mark = etcd_replica_mark(fixture->replica);
    assert_true(are_equal(&mark, &(struct etcd_mark){fixture->etcd.cluster_id,
                                                     fixture->etcd.keys.revision, WALL, WALL}));
    /* It, and another one that has seen as much, go on without being told. */
    options.accepts = false;
    options.mark = mark;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_counters(fixture->replica).next_token, WALL);
    options = etcd_fixture_options(fixture, "three");
    options.mark = before;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_mark(fixture->replica).accepted, WALL);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.accepted, WALL);
}

static void tokens_go_on_above_those_that_were_seen(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    put_back(fixture, &options);
    options.accepts = true;
    options.mark.next_token = WALL + 5;
    options.mark.accepted = WALL + 7;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_lead(fixture);
    assert_int_equal(etcd_replica_counters(fixture->replica).next_token, WALL + 5);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.accepted, WALL + 8);
}

static void who_has_lost_its_mark_can_accept_what_there_is(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    put_back(fixture, &options);
    options.accepts = true;
    options.mark = (struct etcd_mark){0};
    etcd_fixture_replace(fixture, &options);
    /* Who ends before it leads knows as much as before. */
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(etcd_replica_mark(fixture->replica).cluster_id, 0);
    etcd_fixture_lead(fixture);
    assert_int_equal(etcd_replica_counters(fixture->replica).next_token, WALL);
}

static void an_earlier_state_is_accepted_once(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    put_back(fixture, &options);
    options.accepts = true;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_lead(fixture);
    fixture->etcd.cluster_id++;
    etcd_fixture_until(fixture, ETCD_EVENT_DEPOSED);
    etcd_fixture_until(fixture, ETCD_EVENT_KEPT_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_earlier_state_is_not_gone_on_with),
        cmocka_unit_test(another_etcd_is_not_gone_on_with),
        cmocka_unit_test(an_earlier_state_that_another_leads_is_told_of_when_it_stays),
        cmocka_unit_test(what_is_seen_is_remembered),
        cmocka_unit_test(what_was_accepted_elsewhere_is_gone_on_with),
        cmocka_unit_test(what_was_accepted_once_may_be_forgotten),
        cmocka_unit_test(who_accepts_an_earlier_state_waits_as_others_do),
        cmocka_unit_test(what_is_accepted_is_no_later_state),
        ETCD_FIXTURE_TEST(a_replica_of_a_restored_etcd_says_why_it_does_not_lead),
        ETCD_FIXTURE_TEST(a_standby_remembers_what_it_sees),
        ETCD_FIXTURE_TEST(a_standby_of_another_etcd_remembers_the_first),
        ETCD_FIXTURE_TEST(a_claim_that_another_etcd_took_is_none),
        ETCD_FIXTURE_TEST(a_lost_claim_that_another_etcd_has_is_none),
        ETCD_FIXTURE_TEST(an_earlier_state_that_is_accepted_is_led_above_the_past),
        ETCD_FIXTURE_TEST(tokens_go_on_above_those_that_were_seen),
        ETCD_FIXTURE_TEST(who_has_lost_its_mark_can_accept_what_there_is),
        ETCD_FIXTURE_TEST(an_earlier_state_is_accepted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
