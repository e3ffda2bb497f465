/* Strict numbers.
 * Must not need files, sockets or time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"

static void digits_are_parsed(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_int_equal(number_parse("0", 10, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(number_parse("65535", 65535, &value), 0);
    assert_int_equal(value, 65535);
    assert_int_equal(number_parse("18446744073709551615", UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
}

static void junk_is_refused_and_leaves_the_value_alone(void **state)
{
    static const char *const junk[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "1.5", "one"};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(number_parse(junk[i], UINT64_MAX, &value), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(value, 7);
}

static void numbers_above_the_bound_are_refused(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
    } cases[] = {{"65536", 65535},
                 {"5", 4},
                 {"11", 10},
                 {"18446744073709551616", UINT64_MAX},
                 {"99999999999999999999999999", UINT64_MAX}};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = 0;
        assert_int_equal(number_parse(cases[i].text, cases[i].max, &value), -1);
        assert_int_equal(errno, ERANGE);
    }
    assert_int_equal(value, 7);
}

static void seconds_become_milliseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0", 0},     {"2", 2000},   {"0.25", 250},    {".5", 500},
        {"3.", 3000}, {"0.0001", 1}, {"1.9990", 1999}, {"9223372036854775", 9223372036854775000}};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(number_parse_seconds(cases[i].text, INT64_MAX, &ms), 0);
        assert_true(ms == cases[i].ms);
    }
}

static void seconds_that_are_none_are_refused(void **state)
{
    static const char *const junk[] = {"", ".", "-1", "1s", "1.2.3", "inf", " 1", "1,5"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(number_parse_seconds(junk[i], INT64_MAX, &ms), -1);
        assert_int_equal(errno, EINVAL);
    }
    errno = 0;
    assert_int_equal(number_parse_seconds("11", 10000, &ms), -1);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(number_parse_seconds("10.0001", 10000, &ms), -1);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(ms, 7);
}

static void durations_have_units(void **state)
{
    static const char *const junk[] = {"", "d", "90x", "1dd", "-1d", "1 d", "1.5h"};
    static const struct {
        const char *text;
        uint64_t s;
    } good[] = {{"90d", 7776000}, {"12h", 43200}, {"30m", 1800}, {"45s", 45}, {"7", 7}, {"0", 0}};
    uint64_t s = 7;

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(number_parse_duration(junk[i], UINT64_MAX, &s), -1);
        assert_int_equal(errno, EINVAL);
    }
    errno = 0;
    assert_int_equal(number_parse_duration("2d", 86400, &s), -1);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(number_parse_duration("9999999999999999999999999d", UINT64_MAX, &s), -1);
    assert_int_equal(s, 7);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(number_parse_duration(good[i].text, UINT64_MAX, &s), 0);
        assert_int_equal(s, good[i].s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_parsed),
        cmocka_unit_test(junk_is_refused_and_leaves_the_value_alone),
        cmocka_unit_test(numbers_above_the_bound_are_refused),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(seconds_become_milliseconds),
        cmocka_unit_test(seconds_that_are_none_are_refused),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
