/* A replica that stands by while a majority of etcd gives no answer, or a late one.
 * Must not need an etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "etcd_fixture.h"

/* etcd's leader goes with the lockerd that led: what that changed last is known before there is a
 * majority again, and silence counts from then. */
static void a_change_that_no_look_saw_is_seen_at_one_member(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_bytes seq = etcd_bytes_of("1 1 9 1 1 0 0");
    struct etcd_question question;
    int64_t begin_ms;

    etcd_fixture_stand_by(fixture);
    begin_ms = fixture->now_ms;
    etcd_keys_write(&fixture->etcd.keys, ++fixture->etcd.keys.revision,
                    etcd_bytes_of(FIXTURE_PREFIX "0/seq"), &seq);
    question = etcd_fixture_ask(fixture);
    assert_true(question.timeout_ms <= 250);
    etcd_fixture_lose_question(fixture);
    question = etcd_fixture_ask(fixture);
    assert_true(question.timeout_ms <= 500);
    assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_IDLE);
    while (fixture->now_ms < begin_ms + FIXTURE_TAKEOVER_MS) {
        question = etcd_fixture_ask(fixture);
        fixture->now_ms += 300;
        etcd_fixture_lose_question(fixture);
        question = etcd_fixture_ask(fixture);
        assert_true(question.timeout_ms <= 1000);
        assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_IDLE);
    }
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_true(fixture->now_ms < begin_ms + FIXTURE_TAKEOVER_MS + 600);
}

/* Where looks take long they are waited for, and not given up one after the other. */
static void a_slow_etcd_is_looked_at_all_the_same(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;

    etcd_fixture_stand_by(fixture);
    question = etcd_fixture_ask(fixture);
    assert_int_equal(question.timeout_ms, 250);
    fixture->now_ms += 100;
    etcd_fixture_answer(fixture, &question);
    question = etcd_fixture_ask(fixture);
    assert_true(question.timeout_ms >= 800 && question.timeout_ms < 1000);
    etcd_fixture_lose_question(fixture);
    assert_int_equal(etcd_fixture_ask(fixture).timeout_ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETCD_FIXTURE_TEST(a_change_that_no_look_saw_is_seen_at_one_member),
        ETCD_FIXTURE_TEST(a_slow_etcd_is_looked_at_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
