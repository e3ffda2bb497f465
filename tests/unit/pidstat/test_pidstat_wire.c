/* The datagrams of pidstat-protocol(7).
 * Must not need sockets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pidstat/wire.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static char buffer[PIDSTAT_WIRE_MAX + 2];

static int parse_question_bytes(const char *text, size_t len, struct pidstat_question *question)
{
    memcpy(buffer, text, len);
    return pidstat_wire_parse_question(buffer, len, question);
}

static int parse_question(const char *text, struct pidstat_question *question)
{
    return parse_question_bytes(text, strlen(text), question);
}

static void the_three_classic_forms_are_questions(void **state)
{
    struct pidstat_question question;

    (void)state;
    assert_int_equal(parse_question("PIDR 42", &question), 0);
    assert_int_equal(question.pid, 42);
    assert_null(question.host);
    assert_int_equal(question.which, 3);
    assert_int_equal(parse_question("PIDR 42 farm1.example.com\n", &question), 0);
    assert_string_equal(question.host, "farm1.example.com");
    assert_int_equal(question.which, 3);
    assert_int_equal(parse_question("PIDR\t0042  farm1 4\r\n", &question), 0);
    assert_string_equal(question.pid_text, "0042");
    assert_int_equal(question.pid, 42);
    assert_int_equal(question.which, 4);
}

static void every_which_mask_is_taken(void **state)
{
    struct pidstat_question question;
    char text[] = "PIDR 42 farm1 0";

    (void)state;
    for (unsigned which = 0; which <= 7; which++) {
        text[sizeof text - 2] = (char)('0' + which);
        assert_int_equal(parse_question(text, &question), 0);
        assert_int_equal(question.which, which);
    }
}

static void malformed_questions_are_refused(void **state)
{
    static const char *const junk[] = {
        "",
        " ",
        "\n",
        "PIDR",
        "PIDR ",
        "pidr 42",
        "PIDRX 42",
        "EXIS 42 1 farm1",
        "PIDR 0 farm1",
        "PIDR -1 farm1",
        "PIDR +1 farm1",
        "PIDR 2147483648 farm1",
        "PIDR 99999999999999999999 farm1",
        "PIDR 12x farm1",
        "PIDR 0x10 farm1",
        "PIDR farm1 12",
        "PIDR 42 farm1 x",
        "PIDR 42 farm1 -1",
        "PIDR 42 farm1 256",
        "PIDR 42 farm\x01",
        "PIDR 42 f\xc3\xa4rm",
        "PIDR 42 farm1 7 id=123",
        "PIDR 42 farm1 7 id=0123456789ABCDEF",
        "PIDR 42 farm1 7 id=?",
        "PIDR 42 farm1 7 start=",
        "PIDR 42 farm1 7 start=0",
        "PIDR 42 farm1 7 start=-5",
        "PIDR 42 farm1 7 start=18446744073709551616",
        "PIDR 42 farm1 7 boot=short",
        "PIDR 42 farm1 7 watch=yes",
    };
    struct pidstat_question question = {.pid = 7};
    char long_host[PIDSTAT_WIRE_HOST_MAX + 32];

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(parse_question(junk[i], &question), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(parse_question_bytes("PIDR 42 a\0b", 11, &question), -1);
    memset(buffer, ' ', sizeof buffer);
    memcpy(buffer, "PIDR 42", 7);
    assert_int_equal(pidstat_wire_parse_question(buffer, PIDSTAT_WIRE_MAX + 1, &question), -1);
    memset(long_host, 'h', sizeof long_host);
    memcpy(long_host, "PIDR 42 ", 8);
    long_host[8 + PIDSTAT_WIRE_HOST_MAX + 1] = '\0';
    assert_int_equal(parse_question(long_host, &question), -1);
    assert_int_equal(question.pid, 7);
    long_host[8 + PIDSTAT_WIRE_HOST_MAX] = '\0';
    assert_int_equal(parse_question(long_host, &question), 0);
}

static void unknown_words_are_left_room_for(void **state)
{
    struct pidstat_question question;

    (void)state;
    assert_int_equal(parse_question("PIDR 42 farm1 7 later new=x start=? =y idx=1", &question), 0);
    assert_int_equal(question.words.present, WORD_START_ASKED);
}

static void a_question_comes_back_as_it_was_written(void **state)
{
    const struct pidstat_question asked = {
        .pid = 42,
        .host = "farm1",
        .which = 7,
        .words = {.present = WORD_ID | WORD_START | WORD_BOOT | WORD_WATCH,
                  .id = 0xfedcba9876543210U,
                  .start = UINT64_MAX,
                  .watch = 1,
                  .boot = BOOT},
    };
    struct pidstat_question read;
    char out[PIDSTAT_WIRE_MAX + 1];
    size_t len = pidstat_wire_format_question(out, &asked);

    (void)state;
    assert_true(len > 0);
    assert_string_equal(out, "PIDR 42 farm1 7 id=fedcba9876543210 start=18446744073709551615 "
                             "boot=" BOOT " watch=0000000000000001");
    assert_int_equal(pidstat_wire_parse_question(out, len, &read), 0);
    assert_int_equal(read.words.present, asked.words.present);
    assert_true(read.words.id == asked.words.id && read.words.start == asked.words.start &&
                read.words.watch == asked.words.watch);
    assert_string_equal(read.words.boot, BOOT);
}

static size_t answer(char *out, const char *question_text, enum pidstat_state state,
                     const struct pidstat_words *words)
{
    struct pidstat_question question;
    size_t len;

    assert_int_equal(parse_question(question_text, &question), 0);
    len = pidstat_wire_format_answer(out, &question, strlen(question_text), "me.example.com", state,
                                     words);
    assert_int_equal(len, strlen(out));
    return len;
}

static void classic_answers_are_exact(void **state)
{
    const struct pidstat_words none = {0};
    char out[PIDSTAT_WIRE_MAX];

    (void)state;
    answer(out, "PIDR 42", PIDSTAT_EXISTS, &none);
    assert_string_equal(out, "EXIS 42 1 me.example.com");
    answer(out, "PIDR 42 other", PIDSTAT_GONE, &none);
    assert_string_equal(out, "EXIS 42 0 other");
    answer(out, "PIDR 042 other 7", PIDSTAT_UNKNOWN, &none);
    assert_string_equal(out, "UNKN 042 na other");
}

static void an_answer_is_paid_for_by_its_question(void **state)
{
    const struct pidstat_words all = {.present = WORD_ID | WORD_START | WORD_BOOT | WORD_WATCH,
                                      .start = UINT64_MAX,
                                      .boot = BOOT};
    struct pidstat_question asked = {.pid = 1, .host = "f", .which = 7};
    char question[PIDSTAT_WIRE_MAX], out[PIDSTAT_WIRE_MAX + 1];
    struct pidstat_reply reply;
    size_t len;

    (void)state;
    len = answer(out, "PIDR 1 f", PIDSTAT_UNKNOWN, &all);
    assert_string_equal(out, "UNKN 1 na f");
    assert_true(len <= strlen("PIDR 1 f") + PIDSTAT_WIRE_GROWTH);
    /* What our own questions ask for, they have room for. */
    asked.words.present = WORD_ID | WORD_START_ASKED | WORD_BOOT_ASKED | WORD_WATCH_ASKED;
    assert_true(pidstat_wire_format_question(question, &asked) > 0);
    len = answer(out, question, PIDSTAT_UNKNOWN, &all);
    assert_true(len <= strlen(question) + PIDSTAT_WIRE_GROWTH);
    assert_int_equal(pidstat_wire_parse_reply(out, len, &reply), 0);
    assert_int_equal(reply.words.present, all.present);
}

static int parse_reply(const char *text, struct pidstat_reply *reply)
{
    memcpy(buffer, text, strlen(text));
    return pidstat_wire_parse_reply(buffer, strlen(text), reply);
}

static void replies_are_read(void **state)
{
    static const char *const junk[] = {"",
                                       "EXIS",
                                       "EXIS 42",
                                       "EXIS 42 1",
                                       "EXIS 42 2 farm1",
                                       "EXIS 42 na farm1",
                                       "EXIS 0 1 farm1",
                                       "UNKN x na farm1",
                                       "PIDR 42 farm1",
                                       "EXIS 42 1 farm1 id=x"};
    struct pidstat_reply reply;

    (void)state;
    assert_int_equal(parse_reply("EXIS 42 1 farm1", &reply), 0);
    assert_int_equal(reply.state, PIDSTAT_EXISTS);
    assert_int_equal(reply.pid, 42);
    assert_string_equal(reply.host, "farm1");
    assert_int_equal(parse_reply("EXIS 42 0 farm1\n", &reply), 0);
    assert_int_equal(reply.state, PIDSTAT_GONE);
    assert_int_equal(parse_reply("UNKN 42 na farm1 start=5", &reply), 0);
    assert_int_equal(reply.state, PIDSTAT_UNKNOWN);
    assert_int_equal(reply.words.start, 5);
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        assert_int_equal(parse_reply(junk[i], &reply), -1);
}

static void a_host_carries_the_id_where_it_has_room(void **state)
{
    char out[PIDSTAT_WIRE_MAX], name[PIDSTAT_WIRE_HOST_MAX + 1], host[300];
    struct pidstat_question question = {
        .pid = 42, .which = 7, .id_in_host = true, .words = {.id = 0xab}};
    uint64_t id = 0;
    size_t out_len;

    (void)state;
    for (size_t len = 1; len <= PIDSTAT_WIRE_HOST_MAX; len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        question.host = name;
        out_len = pidstat_wire_format_question(out, &question);
        assert_int_equal(out_len, strlen(out));
        assert_int_equal(sscanf(out, "PIDR 42 %299s 7", host), 1);
        assert_true(strlen(host) >= 17 && strlen(host) <= PIDSTAT_WIRE_HOST_MAX);
        assert_int_equal(strlen(host), (len + 17 <= PIDSTAT_WIRE_HOST_MAX ? len : 0) + 17);
        assert_true(pidstat_wire_id_of_host(host, &id));
        assert_int_equal(id, 0xab);
        assert_true(pidstat_wire_is_host_with_id(host, name, 0xab));
        assert_false(pidstat_wire_is_host_with_id(host, name, 0xac));
    }
    assert_false(pidstat_wire_id_of_host("farm1", &id));
    assert_false(pidstat_wire_id_of_host("farm1~00000000000000AB", &id));
    assert_false(pidstat_wire_id_of_host("0000000000000000ab", &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_classic_forms_are_questions),
        cmocka_unit_test(every_which_mask_is_taken),
        cmocka_unit_test(malformed_questions_are_refused),
        cmocka_unit_test(unknown_words_are_left_room_for),
        cmocka_unit_test(a_question_comes_back_as_it_was_written),
        cmocka_unit_test(classic_answers_are_exact),
        cmocka_unit_test(a_host_carries_the_id_where_it_has_room),
        cmocka_unit_test(an_answer_is_paid_for_by_its_question),
        cmocka_unit_test(replies_are_read),
    };

    return cmocka_run_group_tests_name("pidstat_wire", tests, NULL, NULL);
}
