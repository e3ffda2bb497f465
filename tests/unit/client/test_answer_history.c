/* The parser of a server's answers: lines of the history.
 * Must not need files, sockets or time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"

static void a_history_has_a_line_for_each(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("past hold unlock 18446744073709551615 1 2 3 44 o_1_u h slurm:1 l\n"
                 "past hold\npast moon - 0 1 1 1 0 x - - l\npast left - 0 1 1 -1 0 x - - l\n"
                 "past left - 0 1 1 1 0 x - -\n"
                 "past hold unlock 1 1152921504606846977 2 3 44 o - - l\n"
                 "past refused - 0 1 1 0 0 o - - l m n\nhistory 0\n");
    answer = answers_next(ANSWER_PAST);
    assert_int_equal(answer.past.past, IPCLOCKER_PAST_HOLD);
    assert_string_equal(answer.past.reason, "unlock");
    assert_true(answer.past.token == UINT64_MAX);
    assert_int_equal(answer.past.asked_ms, 1);
    assert_int_equal(answer.past.granted_ms, 2);
    assert_int_equal(answer.past.ended_ms, 3);
    assert_int_equal(answer.past.pid, 44);
    assert_string_equal(answer.past.owner, "o_1_u");
    assert_string_equal(answer.past.host, "h");
    assert_string_equal(answer.past.job, "slurm:1");
    assert_string_equal(answer.past.locks, "l");
    answer = answers_next(ANSWER_PAST);
    assert_int_equal(answer.past.past, IPCLOCKER_PAST_REFUSED);
    assert_null(answer.past.reason);
    assert_null(answer.past.host);
    assert_string_equal(answer.past.locks, "l m n");
    assert_int_equal(answers_next(ANSWER_HISTORY).number, 0);
}

/* And nothing follows it: the line of who it was is the next one's. */
static void a_hole_in_the_history_is_a_row(void **state)
{
    struct ipclocker_history_row row;

    (void)state;
    answers_feed("past hole - 812 1000 0 2000 0 - - - away\n"
                 "past hold - 7 1 2 3 44 o - - l\nby munge 1000 claimed - - -\nhistory 0\n");
    row = answers_next(ANSWER_PAST).past;
    assert_int_equal(row.past, IPCLOCKER_PAST_HOLE);
    assert_string_equal(row.locks, "away");
    assert_int_equal(row.token, 812);
    assert_int_equal(row.asked_ms, 1000);
    assert_int_equal(row.ended_ms, 2000);
    assert_int_equal(row.who.proof, IPCLOCKER_CLAIMED);
    assert_int_equal(answers_next(ANSWER_PAST).past.who.proof, IPCLOCKER_PROVEN_BY_MUNGE);
    assert_int_equal(answers_next(ANSWER_HISTORY).number, 0);
}

static void a_row_of_the_history_tells_who(void **state)
{
    struct ipclocker_history_row row;

    (void)state;
    answers_feed("past hold break 7 1 2 3 44 o - - l\nby munge 1000 socket 0 10.0.0.1 adm\n");
    row = answers_next(ANSWER_PAST).past;
    assert_int_equal(row.who.proof, IPCLOCKER_PROVEN_BY_MUNGE);
    assert_int_equal(row.who.uid, 1000);
    assert_int_equal(row.by.proof, IPCLOCKER_PROVEN_BY_SOCKET);
    assert_int_equal(row.by.uid, 0);
    assert_string_equal(row.by_peer, "10.0.0.1");
    assert_string_equal(row.by_name, "adm");
    answers_feed("past hold - 7 1 2 3 44 o - - l\nby claimed - claimed - - -\n"
                 "past hold - 7 1 2 3 44 o - - l\nby munge x socket 0 10.0.0.1 adm\n"
                 "past hold - 7 1 2 0 0 - - - l\nhistory 0\n");
    /* Nobody; what cannot be understood; what the server keeps from us. */
    for (int i = 0; i < 3; i++) {
        row = answers_next(ANSWER_PAST).past;
        assert_int_equal(row.who.proof, IPCLOCKER_CLAIMED);
        assert_null(row.by_name);
        assert_null(row.by_peer);
    }
    assert_string_equal(row.owner, "-");
    answers_next(ANSWER_HISTORY);
    answers_feed("past hold - 7 1 2 3 44 o - - l\nby claimed - claimed - - -");
    answers_next(ANSWER_NONE);
    answers_feed("\n");
    answers_next(ANSWER_PAST);
}

static void a_line_of_the_history_names_a_whole_demand(void **state)
{
    static const char begin[] = "proto 2\npast left - 0 1 1 1 0 o - - ";
    static char names[ANSWER_PAST_MAX - 64];

    (void)state;
    memset(names, 'n', sizeof names - 1);
    answers_feed(begin);
    answers_feed(names);
    answers_next(ANSWER_PROTO);
    answers_next(ANSWER_NONE);
    answers_feed("\n");
    answers_next(ANSWER_NONE);
    answers_feed("history 0\n");
    assert_int_equal(strlen(answers_next(ANSWER_PAST).past.locks), sizeof names - 1);
    answers_next(ANSWER_HISTORY);
    answers_feed(begin);
    answers_feed(names);
    answers_feed(names);
    answers_next(ANSWER_PROTO);
    answers_next(ANSWER_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ANSWERS_TEST(a_history_has_a_line_for_each),
        ANSWERS_TEST(a_hole_in_the_history_is_a_row),
        ANSWERS_TEST(a_row_of_the_history_tells_who),
        ANSWERS_TEST(a_line_of_the_history_names_a_whole_demand),
    };

    return cmocka_run_group_tests_name("answer_history", tests, NULL, NULL);
}
