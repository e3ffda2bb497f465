/* The parser of a server's answers, with what a server says and with what none should.
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

static void a_status_ends_with_two_empty_lines(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("owner h_1_u\nlocked 1\nlockname a\nlockname b\ntoken 18446744073709551615\n\n");
    answers_next(ANSWER_NONE);
    answers_feed("\nowner \nlocked 0\n\n\n");
    answer = answers_next(ANSWER_STATUS);
    assert_string_equal(answer.text, "h_1_u");
    assert_true(answer.locked);
    assert_int_equal(answer.name_count, 2);
    assert_string_equal(answer.names[0], "a");
    assert_string_equal(answer.names[1], "b");
    assert_true(answer.number == UINT64_MAX);
    assert_null(answer.error);
    answer = answers_next(ANSWER_STATUS);
    assert_string_equal(answer.text, "");
    assert_false(answer.locked);
    assert_int_equal(answer.name_count, 0);
    answers_next(ANSWER_NONE);
}

static void a_limit_and_a_loss_are_told(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("owner o\nlocked 1\nlockname a\ntoken 7\nhold-left 90500\n\n\n"
                 "lost 7 hold-limit\nlost 8\nowner o\nlocked 0\n\n\nlost x broken\n");
    answer = answers_next(ANSWER_STATUS);
    assert_true(answer.left_ms == 90500);
    answer = answers_next(ANSWER_LOST);
    assert_true(answer.number == 7);
    assert_string_equal(answer.text, "hold-limit");
    answer = answers_next(ANSWER_LOST);
    assert_true(answer.number == 8);
    assert_string_equal(answer.text, "");
    assert_true(answers_next(ANSWER_STATUS).left_ms == -1);
    answers_next(ANSWER_BAD);
}

static void an_error_comes_with_its_status(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("owner x\nlocked 0\nerror this is wrong; do that\n\n\n");
    answer = answers_next(ANSWER_STATUS);
    assert_string_equal(answer.error, "this is wrong; do that");
    assert_null(answer_parser_last_error(&answers_parser));
}

static void an_error_before_the_end_is_kept(void **state)
{
    (void)state;
    answers_feed("error too many connections; try again later\n");
    answers_next(ANSWER_NONE);
    assert_string_equal(answer_parser_last_error(&answers_parser),
                        "too many connections; try again later");
}

static void an_error_comes_with_its_code(void **state)
{
    static const struct {
        const char *lines;
        enum error_code code;
    } cases[] = {
        {"error-code later\nerror x\n", ERROR_CODE_LATER},
        {"error-code limit\nerror x; try again later\n", ERROR_CODE_LIMIT},
        {"error-code own\nerror x\n", ERROR_CODE_OWN},
        {"error-code denied\nerror this owner x\n", ERROR_CODE_DENIED},
        {"error-code malformed\nerror x\n", ERROR_CODE_MALFORMED},
        {"error-code unknown\nerror x\n", ERROR_CODE_UNKNOWN},
        {"error-code refused\nerror x; try again later\n", ERROR_CODE_REFUSED},
        {"error-code novelty\nerror x; try again later\n", ERROR_CODE_REFUSED},
        {"error-code\nerror x; try again later\n", ERROR_CODE_REFUSED},
        /* A server of version 0.1.0 sends none. */
        {"error x; try again later\n", ERROR_CODE_LATER},
        {"error this owner x\n", ERROR_CODE_OWN},
        {"error x; try again later!\n", ERROR_CODE_REFUSED},
        {"error on this owner x\n", ERROR_CODE_REFUSED},
        {"error later\n", ERROR_CODE_REFUSED},
        {"", ERROR_CODE_NONE},
        {"error-code own\n", ERROR_CODE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answers_feed("owner o\nlocked 0\n");
        answers_feed(cases[i].lines);
        answers_feed("\n\n");
        assert_int_equal(answers_next(ANSWER_STATUS).code, cases[i].code);
    }
}

static void a_code_may_be_the_first_line(void **state)
{
    (void)state;
    answers_feed("error-code later\nerror too many connections\n");
    answers_next(ANSWER_NONE);
    assert_string_equal(answer_parser_last_error(&answers_parser), "too many connections");
    answers_feed("\n\n");
    assert_int_equal(answers_next(ANSWER_STATUS).code, ERROR_CODE_LATER);
}

static void a_waiting_lock_is_told_about_its_wait(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed(
        "proto 2\nautounlock_check d1 192.0.2.77 4242 2\nautounlock_check d2 farm7 42 2 4711\n"
        "autounlock_check d2 farm7 42 2 many\nprint_waiting o_1_u\n"
        "queue 3 1500 d1 o_1_u\nqueue 0\nprint_obtained\n");
    assert_int_equal(answers_next(ANSWER_PROTO).number, 2);
    answer = answers_next(ANSWER_CHECK);
    assert_string_equal(answer.text, "192.0.2.77");
    assert_string_equal(answer.lock, "d1");
    assert_int_equal(answer.number, 4242);
    assert_int_equal(answer.start, 0);
    assert_int_equal(answers_next(ANSWER_CHECK).start, 4711);
    assert_int_equal(answers_next(ANSWER_CHECK).start, 0);
    assert_string_equal(answers_next(ANSWER_WAITING).text, "o_1_u");
    answer = answers_next(ANSWER_QUEUE);
    assert_int_equal(answer.number, 3);
    assert_int_equal(answer.held_ms, 1500);
    assert_string_equal(answer.lock, "d1");
    assert_string_equal(answer.text, "o_1_u");
    assert_int_equal(answers_next(ANSWER_QUEUE).number, 0);
    answers_next(ANSWER_OBTAINED);
}

static void a_promise_has_no_age(void **state)
{
    (void)state;
    answers_feed("queue 1 -1 a o\n");
    assert_int_equal(answers_next(ANSWER_QUEUE).held_ms, -1);
}

/* What a clock cannot be added to is no time. */
static void times_can_be_added_up(void **state)
{
    (void)state;
    answers_feed("queue 1 1152921504606846976 a o\nqueue 1 1152921504606846977 a o\n"
                 "queue 1 9223372036854775807 a o\nversion 1 2 9223372036854775807\n\n");
    assert_true(answers_next(ANSWER_QUEUE).held_ms == INT64_C(1) << 60);
    assert_int_equal(answers_next(ANSWER_QUEUE).held_ms, -1);
    assert_int_equal(answers_next(ANSWER_QUEUE).held_ms, -1);
    assert_int_equal(answers_next(ANSWER_VERSION).clock_ms, 0);
}

static void lists_may_be_empty(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("\n\nlock a o1\nlock b o2\n\n\nversion 1.502 1000000000\n\n\n\n");
    assert_int_equal(answers_next(ANSWER_LIST).name_count, 0);
    answer = answers_next(ANSWER_LIST);
    assert_int_equal(answer.name_count, 4);
    assert_string_equal(answer.names[0], "a");
    assert_string_equal(answer.names[3], "o2");
    answer = answers_next(ANSWER_VERSION);
    assert_string_equal(answer.text, "1.502");
    assert_int_equal(answer.number, 1000000000);
    assert_int_equal(answer.clock_ms, 0);
    assert_int_equal(answers_next(ANSWER_LIST).name_count, 0);
    answers_feed("version 0.1.0 1000000000 1000000000123\n\n");
    assert_int_equal(answers_next(ANSWER_VERSION).clock_ms, 1000000000123);
}

static void json_is_counted_not_searched(void **state)
{
    struct answer answer;

    (void)state;
    answers_feed("json 7\n{\"a\":\n");
    answers_next(ANSWER_NONE);
    answers_feed("}\nended 3\n");
    answer = answers_next(ANSWER_JSON);
    assert_string_equal(answer.text, "{\"a\":\n}");
    assert_int_equal(answers_next(ANSWER_ENDED).number, 3);
}

static void the_size_of_the_pieces_does_not_matter(void **state)
{
    static const char text[] =
        "proto 2\r\ncluster f-1\nprint_waiting o\r\nqueue 1 5 l o\nprint_obtained\n"
        "owner o\nlocked 1\nlockname l\ntoken 9\n\n\njson 3\nabc\n"
        "past hold - 1 1 1 0 5 o - - l\nhistory 0\n"
        "version v 1\n\nlock l o\n\n\nended 1\n";
    static const enum answer_kind kinds[] = {ANSWER_PROTO,   ANSWER_CLUSTER,  ANSWER_WAITING,
                                             ANSWER_QUEUE,   ANSWER_OBTAINED, ANSWER_STATUS,
                                             ANSWER_JSON,    ANSWER_PAST,     ANSWER_HISTORY,
                                             ANSWER_VERSION, ANSWER_LIST,     ANSWER_ENDED};
    struct answer answer;

    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        size_t found = 0;

        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            size_t left = sizeof text - 1 - at;
            enum answer_kind kind;

            assert_true(
                answer_parser_feed(&answers_parser, text + at, left < piece ? left : piece));
            while ((kind = answer_parser_next(&answers_parser, &answer)) != ANSWER_NONE)
                assert_int_equal(kind, kinds[found++]);
        }
        assert_int_equal(found, sizeof kinds / sizeof *kinds);
    }
}

static void later_words_that_are_not_known_are_ignored(void **state)
{
    (void)state;
    answers_feed("proto 2\nnovelty 1 2 3\nended 1\n");
    answers_next(ANSWER_PROTO);
    answers_next(ANSWER_ENDED);
}

static void strangers_are_told_from_lock_servers(void **state)
{
    static const char *const strangers[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        "220 mail.example ESMTP\r\n",
        "proto\n",
        "proto two\n",
        "proto 2\nqueue x\n",
        "proto 2\nended -1\n",
        "proto 2\nhistory\n",
        "json 99999999999\n",
        "json 2\nabc\n",
        "lock\n",
        "lock a o\nowner x\n",
        "version 1 1\nowner x\n",
        "owner x\ntoken -5\n",
        "autounlock_check a b 99999999999 2\n",
    };
    struct answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        enum answer_kind kind;

        answers_feed(strangers[i]);
        while ((kind = answer_parser_next(&answers_parser, &answer)) == ANSWER_PROTO)
            continue;
        assert_int_equal(kind, ANSWER_BAD);
        assert_int_equal(answer_parser_next(&answers_parser, &answer), ANSWER_BAD);
        answer_parser_fini(&answers_parser);
    }
}

static void a_line_without_end_is_bounded(void **state)
{
    static char junk[ANSWER_LINE_MAX + 2];

    (void)state;
    memset(junk, 'x', sizeof junk);
    assert_true(answer_parser_feed(&answers_parser, junk, sizeof junk));
    answers_next(ANSWER_BAD);
}

static void a_status_without_end_is_bounded(void **state)
{
    struct answer answer;
    enum answer_kind kind = ANSWER_NONE;
    static char line[1024];

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "owner ", 6);
    line[sizeof line - 1] = '\n';
    for (size_t i = 0; i < 100000 && kind == ANSWER_NONE; i++) {
        assert_true(answer_parser_feed(&answers_parser, line, sizeof line));
        kind = answer_parser_next(&answers_parser, &answer);
    }
    assert_int_equal(kind, ANSWER_BAD);
}

static void a_nul_hides_nothing(void **state)
{
    (void)state;
    assert_true(answer_parser_feed(&answers_parser, "owner a\0b\n", 10));
    answers_next(ANSWER_BAD);
}

/* Whatever comes, the parser ends with an answer, with more to come, or with a refusal. */
static void noise_does_no_harm(void **state)
{
    static const char *const words[] = {"owner",
                                        "locked",
                                        "lockname",
                                        "token",
                                        "hold-left",
                                        "lost",
                                        "error",
                                        "lock",
                                        "json",
                                        "past hold - 1",
                                        "past",
                                        "history",
                                        "-",
                                        "queue",
                                        "proto",
                                        "version",
                                        "ended",
                                        "5",
                                        "99",
                                        "-1",
                                        "print_waiting",
                                        "\n",
                                        "\n\n",
                                        " ",
                                        "\r\n",
                                        "\xff\x1b",
                                        "autounlock_check"};
    unsigned seed = 1;
    struct answer answer;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 60; i++) {
            const char *word;

            seed = seed * 1103515245u + 12345u;
            word = words[(seed >> 16) % (sizeof words / sizeof *words)];
            assert_true(answer_parser_feed(&answers_parser, word, strlen(word)));
            if ((seed >> 8) % 3 == 0)
                answers_feed(" ");
            while (answer_parser_next(&answers_parser, &answer) > ANSWER_BAD) {
                for (size_t k = 0; k < answer.name_count; k++)
                    assert_true(strlen(answer.names[k]) < 1000);
                assert_non_null(answer.text);
            }
        }
        answer_parser_fini(&answers_parser);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ANSWERS_TEST(a_status_ends_with_two_empty_lines),
        ANSWERS_TEST(a_limit_and_a_loss_are_told),
        ANSWERS_TEST(an_error_comes_with_its_status),
        ANSWERS_TEST(an_error_before_the_end_is_kept),
        ANSWERS_TEST(an_error_comes_with_its_code),
        ANSWERS_TEST(a_code_may_be_the_first_line),
        ANSWERS_TEST(a_waiting_lock_is_told_about_its_wait),
        ANSWERS_TEST(a_promise_has_no_age),
        ANSWERS_TEST(times_can_be_added_up),
        ANSWERS_TEST(lists_may_be_empty),
        ANSWERS_TEST(json_is_counted_not_searched),
        ANSWERS_TEST(the_size_of_the_pieces_does_not_matter),
        ANSWERS_TEST(later_words_that_are_not_known_are_ignored),
        ANSWERS_TEST(strangers_are_told_from_lock_servers),
        ANSWERS_TEST(a_line_without_end_is_bounded),
        ANSWERS_TEST(a_status_without_end_is_bounded),
        ANSWERS_TEST(a_nul_hides_nothing),
        ANSWERS_TEST(noise_does_no_harm),
    };

    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
