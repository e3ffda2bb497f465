/* One of several lockerd over etcd: what it asks, and what it makes of answers, lost ones, late
 * ones and those of others.
 * Must not leave anything to chance: that is test_etcd_simulation's. */
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

static void who_finds_nothing_claims_at_once(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_sight *sight;

    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LEADS);
    assert_true(etcd_replica_leads(fixture->replica));
    sight = etcd_replica_sight(fixture->replica);
    assert_int_equal(sight->leader.term, 1);
    assert_string_equal(sight->leader.cluster, "c0ffee");
    assert_string_equal(etcd_fixture_value(fixture, "m/machine"), "boot");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_LOADED);
    assert_int_equal(fixture->rows, 1);
    assert_string_equal(fixture->row, "m/machine=boot");
}

static void a_commit_is_kept_and_counted(void **state)
{
    struct etcd_fixture *fixture = *state;
    const struct etcd_counters counters = {.next_ticket = 7, .next_token = 9, .now_ms = 55};
    const struct etcd_counters less = {.next_ticket = 1, .next_token = 8, .now_ms = 1};
    const struct etcd_counters later = {.next_ticket = 8, .next_token = 11, .now_ms = 56};

    etcd_fixture_lead(fixture);
    etcd_replica_count(fixture->replica, &counters);
    etcd_replica_count(fixture->replica, &less);
    etcd_fixture_commit(fixture, "r/1", "mine");
    assert_false(etcd_replica_is_ready(fixture->replica));
    etcd_replica_count(fixture->replica, &later);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_true(etcd_replica_is_ready(fixture->replica));
    assert_string_equal(etcd_fixture_value(fixture, "r/1"), "mine");
    assert_string_equal(etcd_fixture_value(fixture, "0/seq"), "1 1 2 7 9 55 0");
    assert_int_equal(etcd_replica_mark(fixture->replica).next_token, 9);
}

static void heartbeats_go_while_nothing_changes(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t sent_ms;

    etcd_fixture_lead(fixture);
    sent_ms = etcd_replica_confirmed_ms(fixture->replica);
    assert_int_equal(etcd_replica_due_ms(fixture->replica), sent_ms + FIXTURE_TAKEOVER_MS / 5);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica),
                     sent_ms + FIXTURE_TAKEOVER_MS / 5);
    assert_string_equal(etcd_fixture_value(fixture, "0/seq"), "1 1 2 1 1 0 0");
}

/* Who leads and is good for nothing leaves it to others; what is to be changed goes on. */
static void heartbeats_can_be_held(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t sent_ms;

    etcd_fixture_lead(fixture);
    sent_ms = etcd_replica_confirmed_ms(fixture->replica);
    etcd_replica_hold_heartbeat(fixture->replica, sent_ms); /* which is no later than it is due */
    assert_int_equal(etcd_replica_due_ms(fixture->replica), sent_ms + FIXTURE_TAKEOVER_MS / 5);
    etcd_replica_hold_heartbeat(fixture->replica, sent_ms + 4000);
    assert_int_equal(etcd_replica_due_ms(fixture->replica), sent_ms + 4000);
    etcd_fixture_commit(fixture, "r/1", "mine");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_true(fixture->now_ms < sent_ms + 4000);
}

/* What was confirmed is as old as the first copy of what confirms it: others may have seen that. */
static void a_commit_whose_answer_was_lost_is_recognised(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;
    int64_t revision, sent_ms;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    sent_ms = fixture->now_ms;
    assert_int_equal(etcd_fixture_lose_answer(fixture, &question), ETCD_EVENT_TROUBLE);
    assert_string_equal(etcd_replica_error(fixture->replica), "one:2379 does not answer");
    revision = fixture->etcd.keys.revision;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_int_equal(fixture->etcd.keys.revision, revision);
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica), sent_ms);
    etcd_fixture_commit(fixture, "r/1", NULL);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_string_equal(etcd_fixture_value(fixture, "r/1"), "");
}

static void a_commit_that_was_lost_is_sent_again_as_it_was(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;
    struct buffer first = {0};

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    buffer_add(&first, question.request->data, question.request->len);
    assert_int_equal(etcd_fixture_lose_question(fixture), ETCD_EVENT_TROUBLE);
    question = etcd_fixture_ask(fixture);
    assert_int_equal(question.request->len, first.len);
    assert_memory_equal(question.request->data, first.data, first.len);
    assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_COMMITTED);
    buffer_fini(&first);
}

/* etcd.md, trap 2: batch 7 sits in a socket, is repeated elsewhere, batch 8 drops the request, and
 * then the first copy of 7 arrives.  Returns what it has made of the dropped request. */
static const char *deliver_a_late_copy(struct etcd_fixture *fixture)
{
    struct etcd_question question;
    struct buffer late = {0}, answer = {0};
    struct etcd_error error;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    buffer_add(&late, question.request->data, question.request->len);
    etcd_fixture_lose_question(fixture);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    etcd_fixture_commit(fixture, "r/1", NULL);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_int_equal(etcd_model_call(&fixture->etcd, ETCD_TXN, &late, &answer, &error),
                     ETCD_ANSWERED);
    buffer_fini(&late);
    buffer_fini(&answer);
    return etcd_fixture_value(fixture, "r/1");
}

static void a_late_copy_brings_nothing_back(void **state)
{
    assert_string_equal(deliver_a_late_copy(*state), "");
}

static void without_the_sequence_guard_it_would(void **state)
{
    struct etcd_fixture *fixture = *state;

    fixture->etcd.unguarded = "0/seq";
    assert_string_equal(deliver_a_late_copy(fixture), "mine");
}

static void what_is_refused_at_once_has_failed(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    fixture->etcd.is_full = true;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_FAILED);
    assert_string_equal(etcd_replica_error(fixture->replica), "mvcc: database space exceeded");
    assert_true(etcd_replica_is_ready(fixture->replica));
    fixture->etcd.is_full = false;
    etcd_fixture_commit(fixture, "r/2", "mine");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_string_equal(etcd_fixture_value(fixture, "r/1"), "");
}

static void what_is_refused_behind_a_lost_copy_may_be_done_yet(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_lose_answer(fixture, &question), ETCD_EVENT_TROUBLE);
    etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_UNAUTHENTICATED), ETCD_EVENT_TROUBLE);
    assert_false(etcd_replica_is_ready(fixture->replica));
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
}

static void who_was_deposed_changes_nothing_and_says_who_leads(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    etcd_fixture_usurp(fixture, "two");
    etcd_fixture_commit(fixture, "r/1", "mine");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_DEPOSED);
    assert_string_equal(etcd_replica_error(fixture->replica),
                        "another lockerd leads, at host-of-two");
    assert_string_equal(etcd_fixture_value(fixture, "r/1"), "");
    assert_false(etcd_replica_leads(fixture->replica));
    assert_int_equal(etcd_replica_confirmed_ms(fixture->replica), INT64_MIN);
    etcd_fixture_until(fixture, ETCD_EVENT_LEADS);
    assert_int_equal(etcd_replica_sight(fixture->replica)->leader.term, 3);
}

static void an_etcd_that_did_what_it_refused_is_not_believed_twice(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;
    struct buffer response = {0};

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    etcd_model_call(&fixture->etcd, ETCD_TXN, question.request, &response, &fixture->error);
    assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_EXHAUSTED), ETCD_EVENT_FAILED);
    etcd_fixture_commit(fixture, "r/2", "mine");
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_DEPOSED);
    assert_string_equal(etcd_fixture_value(fixture, "r/2"), "");
    buffer_fini(&response);
}

static void an_answer_of_another_etcd_confirms_nothing(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    fixture->etcd.cluster_id++;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_DEPOSED);
}

static void an_answer_that_cannot_be_read_is_no_answer(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_question question;
    enum etcd_event event;

    etcd_fixture_lead(fixture);
    etcd_fixture_commit(fixture, "r/1", "mine");
    question = etcd_fixture_ask(fixture);
    buffer_drop(&fixture->response, fixture->response.len);
    buffer_add(&fixture->response, "\x0a\x7f", 2);
    event = etcd_replica_hear(fixture->replica, fixture->now_ms, ETCD_ANSWERED, &fixture->response,
                              NULL);
    assert_int_equal(event, ETCD_EVENT_TROUBLE);
    assert_non_null(strstr(etcd_replica_error(fixture->replica), "cannot be read"));
    assert_false(etcd_replica_is_ready(fixture->replica));
    question = etcd_fixture_ask(fixture);
    assert_int_equal(etcd_fixture_answer(fixture, &question), ETCD_EVENT_COMMITTED);
}

/* more than one page */

static void commit_many(struct etcd_fixture *fixture, unsigned count)
{
    struct etcd_txn *txn = etcd_txn_create(FIXTURE_PREFIX);
    char name[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "r/%016x", i);
        etcd_txn_put(txn, name, "x", 1);
    }
    assert_int_equal(etcd_replica_commit(fixture->replica, txn), 0);
    etcd_txn_destroy(txn);
}

static void four_thousand_changes_are_one_commit(void **state)
{
    struct etcd_fixture *fixture = *state;
    int64_t revision;

    etcd_fixture_lead(fixture);
    commit_many(fixture, ETCD_TXN_OPS_MOST);
    revision = fixture->etcd.keys.revision;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    assert_int_equal(fixture->etcd.keys.revision, revision + 1);
    assert_int_equal(etcd_fixture_count(fixture, "r/"), ETCD_TXN_OPS_MOST);
}

static void what_does_not_fit_is_not_begun(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_txn *txn = etcd_txn_create(FIXTURE_PREFIX);
    char *large = calloc(1, ETCD_TXN_BYTES_MOST);

    etcd_fixture_lead(fixture);
    etcd_txn_put(txn, "r/1", large, ETCD_TXN_BYTES_MOST);
    assert_int_equal(etcd_replica_commit(fixture->replica, txn), -1);
    assert_int_equal(errno, E2BIG);
    assert_true(etcd_replica_is_ready(fixture->replica));
    free(large);
    etcd_txn_destroy(txn);
}

static void rows_come_page_by_page_with_heartbeats_in_between(void **state)
{
    struct etcd_fixture *fixture = *state;
    char seq[64];

    etcd_fixture_lead(fixture);
    commit_many(fixture, 2500);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    etcd_fixture_lead_again(fixture);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(fixture->rows, 100);
    snprintf(seq, sizeof seq, "%s", etcd_fixture_value(fixture, "0/seq"));
    fixture->now_ms += FIXTURE_TAKEOVER_MS / 5;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_string_not_equal(seq, etcd_fixture_value(fixture, "0/seq"));
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    assert_int_equal(fixture->rows, 2501);
    assert_string_equal(fixture->row, "r/00000000000009c3=x");
}

static void rows_of_a_revision_that_is_compacted_are_read_as_they_are(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    commit_many(fixture, 300);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    etcd_fixture_lead_again(fixture);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    fixture->now_ms += FIXTURE_TAKEOVER_MS / 5;
    etcd_fixture_step(fixture); /* a heartbeat */
    etcd_keys_compact(&fixture->etcd.keys, fixture->etcd.keys.revision);
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    assert_int_equal(fixture->rows, 301);
}

static void rows_of_a_member_that_is_behind_are_not_taken(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    commit_many(fixture, 30);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    etcd_fixture_lead_again(fixture);
    fixture->now_ms += FIXTURE_TAKEOVER_MS / 5;
    etcd_fixture_step(fixture); /* a heartbeat */
    for (int i = 0; i < 2; i++) {
        etcd_fixture_ask(fixture);
        assert_int_equal(etcd_fixture_refuse(fixture, ETCD_CODE_OUT_OF_RANGE), ETCD_EVENT_NONE);
    }
    fixture->etcd.behind = 4;
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_TROUBLE);
    assert_int_equal(fixture->rows, 0);
    fixture->etcd.behind = 0;
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    assert_int_equal(fixture->rows, 31);
}

static void etcd_that_is_ours_alone_forgets_what_is_old(void **state)
{
    struct etcd_fixture *fixture = *state;
    struct etcd_replica_options options = etcd_fixture_options(fixture, "one");
    int64_t last;

    options.compacts = true;
    etcd_fixture_replace(fixture, &options);
    etcd_fixture_lead(fixture);
    while (fixture->etcd.keys.revision < 1002) {
        etcd_fixture_commit(fixture, "r/1", "mine");
        etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    }
    last = fixture->etcd.keys.revision;
    etcd_fixture_commit(fixture, "r/1", NULL); /* it is never idle */
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_NONE);
    assert_int_equal(fixture->etcd.keys.compacted, last - 1000);
    assert_int_equal(etcd_fixture_step(fixture), ETCD_EVENT_COMMITTED);
    fixture->now_ms += 5 * 60 * 1000;
    etcd_fixture_step(fixture); /* a heartbeat */
    etcd_fixture_step(fixture);
    assert_int_equal(fixture->etcd.keys.compacted, last + 2 - 1000);
}

static void etcd_of_others_is_not_ours_to_compact(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    while (fixture->etcd.keys.revision < 1100) {
        etcd_fixture_commit(fixture, "r/1", "mine");
        etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    }
    etcd_fixture_step(fixture);
    assert_int_equal(fixture->etcd.keys.compacted, 0);
}

static void a_table_that_cannot_be_restored_is_told(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    commit_many(fixture, 300);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
    fixture->rows_most = 150;
    etcd_fixture_lead_again(fixture);
    etcd_fixture_until(fixture, ETCD_EVENT_UNREADABLE);
    assert_true(etcd_replica_leads(fixture->replica));
    fixture->rows_most = fixture->rows = 0;
    etcd_replica_load(fixture->replica);
    etcd_fixture_until(fixture, ETCD_EVENT_LOADED);
    assert_int_equal(fixture->rows, 301);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETCD_FIXTURE_TEST(who_finds_nothing_claims_at_once),
        ETCD_FIXTURE_TEST(a_commit_is_kept_and_counted),
        ETCD_FIXTURE_TEST(heartbeats_go_while_nothing_changes),
        ETCD_FIXTURE_TEST(heartbeats_can_be_held),
        ETCD_FIXTURE_TEST(a_commit_whose_answer_was_lost_is_recognised),
        ETCD_FIXTURE_TEST(a_commit_that_was_lost_is_sent_again_as_it_was),
        ETCD_FIXTURE_TEST(a_late_copy_brings_nothing_back),
        ETCD_FIXTURE_TEST(without_the_sequence_guard_it_would),
        ETCD_FIXTURE_TEST(what_is_refused_at_once_has_failed),
        ETCD_FIXTURE_TEST(what_is_refused_behind_a_lost_copy_may_be_done_yet),
        ETCD_FIXTURE_TEST(who_was_deposed_changes_nothing_and_says_who_leads),
        ETCD_FIXTURE_TEST(an_etcd_that_did_what_it_refused_is_not_believed_twice),
        ETCD_FIXTURE_TEST(an_answer_of_another_etcd_confirms_nothing),
        ETCD_FIXTURE_TEST(an_answer_that_cannot_be_read_is_no_answer),
        ETCD_FIXTURE_TEST(four_thousand_changes_are_one_commit),
        ETCD_FIXTURE_TEST(what_does_not_fit_is_not_begun),
        ETCD_FIXTURE_TEST(rows_come_page_by_page_with_heartbeats_in_between),
        ETCD_FIXTURE_TEST(rows_of_a_revision_that_is_compacted_are_read_as_they_are),
        ETCD_FIXTURE_TEST(rows_of_a_member_that_is_behind_are_not_taken),
        ETCD_FIXTURE_TEST(etcd_that_is_ours_alone_forgets_what_is_old),
        ETCD_FIXTURE_TEST(etcd_of_others_is_not_ours_to_compact),
        ETCD_FIXTURE_TEST(a_table_that_cannot_be_restored_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
