/* How a lockerd sees how etcd is, and who stands by.
 * Must not need an etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "etcd_fixture.h"

static void replace(struct etcd_fixture *fixture, const char *instance)
{
    struct etcd_replica_options options = etcd_fixture_options(fixture, instance);

    options.watches = true;
    etcd_fixture_replace(fixture, &options);
}

/* "two" stands by beside "one", which leads. */
static void lead_beside_another(struct etcd_fixture *fixture)
{
    etcd_fixture_lead(fixture);
    replace(fixture, "two");
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    replace(fixture, "one");
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
}

static void a_leader_sees_who_stands_by(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_watch *watch;

    lead_beside_another(fixture);
    watch = etcd_replica_watch(fixture->replica);
    assert_int_equal(watch->standby_count, 1);
    assert_false(watch->standbys[0].is_gone);
    assert_string_equal(watch->standbys[0].who.instance, "two");
    assert_string_equal(watch->standbys[0].who.host, "host-of-two");
    assert_string_equal(watch->standbys[0].who.version, "1");
}

static void who_shows_itself_no_more_counts_no_more(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_watch *watch;
    int64_t begun_ms;

    lead_beside_another(fixture);
    begun_ms = fixture->now_ms;
    watch = etcd_replica_watch(fixture->replica);
    while (!watch->standbys[0].is_gone)
        etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_true(fixture->now_ms - begun_ms >= 2 * FIXTURE_TAKEOVER_MS);
    assert_true(fixture->now_ms - begun_ms <= 4 * FIXTURE_TAKEOVER_MS);
    assert_int_equal(etcd_fixture_count(fixture, "c/"), 0);
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_int_equal(watch->standby_count, 0);
}

static void who_leads_stands_by_no_more(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_usurp(fixture, "two");
    replace(fixture, "one");
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_int_equal(etcd_fixture_count(fixture, "c/one"), 1);
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_int_equal(etcd_fixture_count(fixture, "c/"), 0);
}

static void who_must_not_lead_is_not_counted_on(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "two");

    etcd_fixture_lead(fixture);
    etcd_replica_resign(fixture->replica);
    etcd_fixture_until(fixture, ETCD_EVENT_RESIGNED);
    options.watches = true;
    options.mark = (struct etcd_mark){fixture->etcd.cluster_id, 1000, 1, 0};
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_until(fixture, ETCD_EVENT_KEPT_OUT);
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_int_equal(etcd_fixture_count(fixture, "c/"), 0);
    assert_true(etcd_replica_watch(fixture->replica)->knows_status);
}

static void the_status_is_told_with_its_alarms(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_watch *watch;

    lead_beside_another(fixture);
    watch = etcd_replica_watch(fixture->replica);
    assert_true(watch->knows_status);
    assert_string_equal(watch->status.version, "3.5.30");
    assert_string_equal(watch->status.errors, "");
    fixture->etcd.is_full = true;
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
    assert_non_null(strstr(watch->status.errors, "NOSPACE"));
}

/* Asks what is due until that is of this method. */
static void ask_until(struct etcd_fixture *fixture, enum etcd_method method)
{
    struct etcd_question question = etcd_fixture_ask(fixture);

    while (question.method != method) {
        etcd_fixture_answer(fixture, &question);
        question = etcd_fixture_ask(fixture);
    }
}

static void a_status_that_is_refused_holds_up_nothing(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    replace(fixture, "one");
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    ask_until(fixture, ETCD_STATUS);
    assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_PERMISSION_DENIED), ETCD_EVENT_NONE);
    assert_false(etcd_replica_watch(fixture->replica)->knows_status);
    assert_true(etcd_replica_due_ms(fixture->replica) <= fixture->now_ms);
    etcd_fixture_until(fixture, ETCD_EVENT_WATCHED);
}

static void who_may_not_write_says_so(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    replace(fixture, "two");
    ask_until(fixture, ETCD_TXN);
    assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_PERMISSION_DENIED), ETCD_EVENT_TROUBLE);
}

static void who_is_never_idle_watches_too(void **state)
{
    struct etcd_fixture *fixture = *state;
    size_t watches = 0;

    etcd_fixture_lead(fixture);
    replace(fixture, "one");
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    for (int i = 0; i < 100; i++) {
        enum etcd_event event = ETCD_EVENT_NONE;

        fixture->now_ms += FIXTURE_TAKEOVER_MS / 20;
        etcd_fixture_commit(fixture, "r/1", "x");
        while (event != ETCD_EVENT_COMMITTED) {
            event = etcd_fixture_step(fixture);
            watches += event == ETCD_EVENT_WATCHED;
        }
    }
    assert_true(watches >= 4 && watches <= 6);
}

static void who_is_never_idle_copies_the_history_too(void **state)
{
    struct etcd_fixture *fixture = *state;
    enum etcd_event event = ETCD_EVENT_NONE;

    etcd_fixture_lead(fixture);
    etcd_replica_read_history(fixture->replica, 0);
    etcd_fixture_commit(fixture, "r/1", "x");
    while (event != ETCD_EVENT_COMMITTED) {
        event = etcd_fixture_step(fixture);
        if (event == ETCD_EVENT_HISTORY)
            break;
    }
    assert_int_equal(event, ETCD_EVENT_HISTORY);
    /* There is more of it, which must wait until something was changed. */
    etcd_replica_read_history(fixture->replica, 0);
    while (event != ETCD_EVENT_COMMITTED) {
        event = etcd_fixture_step(fixture);
        assert_int_not_equal(event, ETCD_EVENT_HISTORY);
    }
}

static void a_history_that_cannot_be_read_holds_up_no_change(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    etcd_replica_read_history(fixture->replica, 0);
    etcd_fixture_commit(fixture, "r/1", "x");
    etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_PERMISSION_DENIED), ETCD_EVENT_TROUBLE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    /* Nor is it tried again in front of each. */
    etcd_fixture_commit(fixture, "r/2", "x");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    etcd_fixture_until(fixture, ETCD_EVENT_HISTORY);
}

static void a_change_that_comes_to_no_end_is_looked_into(void **state)
{
    struct etcd_fixture *fixture = *state;

    lead_beside_another(fixture);
    etcd_fixture_commit(fixture, "r/1", "x");
    for (int i = 0; i < 1000; i++) {
        struct etcd_question question = etcd_fixture_ask(fixture);

        if (question.method == ETCD_STATUS)
            break;
        assert_true(i < 999);
        etcd_fixture_lose_question(fixture);
    }
    assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_WATCHED);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETCD_FIXTURE_TEST(a_leader_sees_who_stands_by),
        ETCD_FIXTURE_TEST(who_shows_itself_no_more_counts_no_more),
        ETCD_FIXTURE_TEST(who_leads_stands_by_no_more),
        ETCD_FIXTURE_TEST(who_must_not_lead_is_not_counted_on),
        ETCD_FIXTURE_TEST(the_status_is_told_with_its_alarms),
        ETCD_FIXTURE_TEST(a_status_that_is_refused_holds_up_nothing),
        ETCD_FIXTURE_TEST(who_may_not_write_says_so),
        ETCD_FIXTURE_TEST(who_is_never_idle_watches_too),
        ETCD_FIXTURE_TEST(who_is_never_idle_copies_the_history_too),
        ETCD_FIXTURE_TEST(a_history_that_cannot_be_read_holds_up_no_change),
        ETCD_FIXTURE_TEST(a_change_that_comes_to_no_end_is_looked_into),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
