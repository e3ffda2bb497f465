/* The asking engine against a daemon whose every word the test chooses.
 * Must not sleep where it can wait for something. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "asker_fixture.h"
#include "process/process.h"
#include "tests/unit/process/process_fixture.h"

#define NO_PID 4194304

static void an_answer_is_one_call(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    assert_int_equal(pidstat_asker_pending(asker), 1);
    hear_one(asker, &puppet);
    puppet_answers(&puppet, "EXIS 42 1", " start=77");
    puppet_answers(&puppet, "EXIS 42 0", "");
    wait_calls(asker, &record, 1);
    turn_for(asker, 50);
    assert_int_equal(record.calls, 1);
    assert_int_equal(record.state, PIDSTAT_EXISTS);
    assert_int_equal(record.start, 77);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void a_standing_question_keeps_the_identity_and_the_proof(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=? boot=? watch=?"));
    puppet_answers(&puppet, "EXIS 42 1",
                   " start=77 boot=01234567-89ab-cdef-0123-456789abcdef watch=00000000000000ab");
    /* The proof is shown at once, not with the next round. */
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, " start=77 boot=01234567-89ab-cdef-0123-456789abcdef "
                                         "watch=00000000000000ab"));
    puppet_answers(&puppet, "EXIS 42 1", " start=77 watch=00000000000000ab");
    wait_calls(asker, &record, 2);
    /* The end, unasked. */
    puppet_answers(&puppet, "EXIS 42 0", " start=77");
    wait_calls(asker, &record, 3);
    assert_int_equal(record.state, PIDSTAT_GONE);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void a_daemon_that_changes_its_proof_is_not_asked_in_a_circle(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;
    int64_t until = now_ms() + PATIENCE_MS;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    pidstat_asker_ask(asker, &target, take, &record);
    while (now_ms() < until) {
        char words[40];

        if (puppet_hears(&puppet)) {
            snprintf(words, sizeof words, " watch=%016d", puppet.count);
            puppet_answers(&puppet, "EXIS 42 1", words);
            if (puppet.count == 2)
                until = now_ms() + 300;
        }
        turn(asker, 1);
    }
    assert_true(puppet.count >= 2 && puppet.count <= 3);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

/* A pidstatd that is being started anew must not leave an end unseen for the whole pause. */
static void a_host_that_was_there_a_moment_ago_is_asked_again_soon(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    struct pidstat_asker_options options = {.try_ms = 10, .repeat_ms = 3600000};
    struct record record = {0};
    struct pidstat_asker *asker;
    struct puppet puppet;

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    pidstat_asker_ask(asker, &target, take, &record);
    hear_one(asker, &puppet);
    puppet_answers(&puppet, "EXIS 42 1", " start=77");
    wait_calls(asker, &record, 1);
    target =
        (struct pidstat_target){.host = ELSEWHERE, .pid = 43, .flags = ASK_STANDING, .tries = 1};
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 2);
    assert_false(record.answered);
    while (puppet_hears(&puppet))
        continue;
    hear_one(asker, &puppet);
    assert_non_null(strstr(puppet.heard, "PIDR 43 "));
    puppet_answers(&puppet, "EXIS 43 0", "");
    wait_calls(asker, &record, 3);
    assert_int_equal(record.state, PIDSTAT_GONE);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void silence_is_no_end_and_tries_are_counted(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .tries = 3};
    struct record record = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;
    struct pidstat_asker_options options = {.try_ms = 20};

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_false(record.answered);
    while (puppet_hears(&puppet))
        continue;
    assert_int_equal(puppet.count, 3);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void the_rate_is_kept_and_the_urgent_go_first(void **state)
{
    enum { COUNT = 40 };
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .tries = 1};
    static struct record records[COUNT];
    struct asker_question *last = NULL;
    struct puppet puppet;
    struct pidstat_asker *asker;
    struct pidstat_asker_options options = {.rate = 100};
    int64_t begun = now_ms(), until = begun + PATIENCE_MS;
    int answered = 0, first;

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    memset(records, 0, sizeof records);
    for (int i = 0; i < COUNT; i++) {
        target.pid = 100 + i;
        target.flags = i == COUNT - 2 ? ASK_URGENT : 0;
        last = pidstat_asker_ask(asker, &target, take, &records[i]);
    }
    pidstat_asker_hurry(asker, last);
    while (answered < COUNT && now_ms() < until) {
        if (puppet_hears(&puppet)) {
            char kind[64];

            snprintf(kind, sizeof kind, "EXIS %d 1", atoi(puppet.heard + 5));
            puppet_answers(&puppet, kind, "");
            answered++;
        }
        turn(asker, 1);
    }
    wait_calls(asker, &records[COUNT - 3], 1);
    assert_true(now_ms() - begun >= (COUNT - 1) * 10);
    first = records[COUNT - 2].order;
    assert_int_equal(records[COUNT - 1].order, first + 1);
    assert_int_equal(records[0].order, first + 2);
    for (int i = 1; i < COUNT - 2; i++)
        assert_true(records[i].order > first + 2);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void questions_of_a_batch_go_out_together(void **state)
{
    enum { COUNT = 50 };
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .tries = 1};
    struct pidstat_asker_options options = {.rate = 100, .batch_ms = 1000};
    struct asker_question *questions[COUNT];
    static struct record records[COUNT];
    struct pidstat_asker *asker;
    struct puppet puppet;

    (void)state;
    puppet_open(&puppet);
    options.port = puppet.port;
    asker = pidstat_asker_create(&options);
    for (int i = 0; i < COUNT; i++)
        questions[i] = pidstat_asker_ask(asker, &target, take, &records[i]);
    assert_true(pidstat_asker_is_unasked(questions[0]));
    while (pidstat_asker_is_unasked(questions[0]))
        turn(asker, 1);
    assert_false(pidstat_asker_is_unasked(questions[COUNT - 1]));
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void questions_may_be_cancelled_from_a_call(void **state)
{
    struct pidstat_target target = {.host = ELSEWHERE, .pid = 42, .flags = ASK_STANDING};
    struct record first = {0}, second = {0};
    struct puppet puppet;
    struct pidstat_asker *asker;

    (void)state;
    puppet_open(&puppet);
    asker = make_asker(&puppet);
    first.asker = second.asker = asker;
    /* Whichever is called first ends the other; then it ends itself. */
    second.to_cancel = pidstat_asker_ask(asker, &target, take, &first);
    first.to_cancel = pidstat_asker_ask(asker, &target, take, &second);
    hear_one(asker, &puppet);
    hear_one(asker, &puppet);
    puppet_answers(&puppet, "EXIS 42 1", "");
    while (first.calls + second.calls == 0)
        turn(asker, 10);
    turn_for(asker, 30);
    assert_int_equal(first.calls + second.calls, 1);
    assert_int_equal(pidstat_asker_pending(asker), 1);
    pidstat_asker_destroy(asker);
    close(puppet.fd);
}

static void the_number_of_questions_is_bounded(void **state)
{
    const struct pidstat_target target = {.host = ELSEWHERE, .pid = 42};
    const struct pidstat_asker_options options = {.max_pending = 2};
    struct pidstat_asker *asker = pidstat_asker_create(&options);
    struct record record = {0};
    struct asker_question *question;

    (void)state;
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    question = pidstat_asker_ask(asker, &target, take, &record);
    assert_null(pidstat_asker_ask(asker, &target, take, &record));
    assert_int_equal(errno, EAGAIN);
    pidstat_asker_cancel(asker, question);
    assert_non_null(pidstat_asker_ask(asker, &target, take, &record));
    pidstat_asker_destroy(asker);
}

static void an_end_on_this_host_is_told_at_once(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    pid_t pid = start_sleeper();
    const struct pidstat_target target = {.pid = pid, .flags = ASK_STANDING};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.state, PIDSTAT_EXISTS);
    kill(pid, SIGKILL);
    while (record.state != PIDSTAT_GONE)
        wait_calls(asker, &record, record.calls + 1);
    assert_int_equal(pidstat_asker_pending(asker), 0);
    end_sleeper(pid);
    pidstat_asker_destroy(asker);
}

static void another_boot_of_this_host_is_another_process(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    struct pidstat_target target = {.pid = getpid(),
                                    .boot = "00000000-0000-0000-0000-000000000000"};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_int_equal(record.state, PIDSTAT_GONE);
    target.start = process_start_time(getpid()) + 1;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 2);
    assert_int_equal(record.state, PIDSTAT_GONE);
    /* The very same process, whose container tells another boot id. */
    target.start--;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 3);
    assert_int_equal(record.state, PIDSTAT_EXISTS);
    pidstat_asker_destroy(asker);
}

static void names_that_do_not_resolve_say_so(void **state)
{
    struct pidstat_asker *asker = pidstat_asker_create(NULL);
    const struct pidstat_target target = {.host = "no..such..name", .pid = 1};
    struct record record = {0};

    (void)state;
    pidstat_asker_ask(asker, &target, take, &record);
    wait_calls(asker, &record, 1);
    assert_false(record.answered);
    assert_true(record.resolve_error != 0);
    pidstat_asker_destroy(asker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_one_call),
        cmocka_unit_test(a_standing_question_keeps_the_identity_and_the_proof),
        cmocka_unit_test(a_daemon_that_changes_its_proof_is_not_asked_in_a_circle),
        cmocka_unit_test(a_host_that_was_there_a_moment_ago_is_asked_again_soon),
        cmocka_unit_test(silence_is_no_end_and_tries_are_counted),
        cmocka_unit_test(the_rate_is_kept_and_the_urgent_go_first),
        cmocka_unit_test(questions_of_a_batch_go_out_together),
        cmocka_unit_test(questions_may_be_cancelled_from_a_call),
        cmocka_unit_test(the_number_of_questions_is_bounded),
        cmocka_unit_test(an_end_on_this_host_is_told_at_once),
        cmocka_unit_test(another_boot_of_this_host_is_another_process),
        cmocka_unit_test(names_that_do_not_resolve_say_so),
    };

    return cmocka_run_group_tests_name("pidstat_asker", tests, NULL, NULL);
}
