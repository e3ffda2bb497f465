/* Strict numbers.
 * Must not need files, sockets or time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static void times_may_have_units(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0.25", 250}, {"250ms", 250},    {"0.5ms", 1},        {"90s", 90000},
                {"1m", 60000}, {"1.5h", 5400000}, {"90d", 7776000000}, {"0d", 0}};
    static const char *const junk[] = {"",       "h",  "1hh",  "1 h", "-1h", "1h30m",
                                       "1.2.3h", "1x", "1,5h", "d",   "1dd", "1 d"};
    static const char *const beyond[] = {"106751991167301d", "9223372036854775807h",
                                         "9999999999999999999999999d", "11s", "1m"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(number_parse_time(junk[i], INT64_MAX, &ms), -1);
        assert_int_equal(errno, EINVAL);
    }
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        errno = 0;
        assert_int_equal(number_parse_time(beyond[i], 10000, &ms), -1);
        assert_int_equal(errno, ERANGE);
    }
    assert_int_equal(ms, 7);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(number_parse_time(good[i].text, INT64_MAX, &ms), 0);
        assert_true(ms == good[i].ms);
    }
}

static void sizes_have_units(void **state)
{
    static const char *const junk[] = {"", "K", "1k", "1KB", "1 K", "-1K", "1.5G", "1P", "K1"};
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"64K", 65536},     {"256M", 268435456},
                {"1G", 1073741824}, {"2T", 2199023255552},
                {"7", 7},           {"0", 0},
                {"0G", 0}};
    uint64_t bytes = 7;

    (void)state;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(number_parse_size(junk[i], UINT64_MAX, &bytes), -1);
        assert_int_equal(errno, EINVAL);
    }
    /* What would go round to a small one, and what is beyond the bound by its unit only. */
    static const char *const large[] = {"18446744073709551616", "17179869184G", "2K"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        errno = 0;
        assert_int_equal(number_parse_size(large[i], i == 2 ? 2047 : UINT64_MAX, &bytes), -1);
        assert_int_equal(errno, ERANGE);
    }
    assert_int_equal(bytes, 7);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(number_parse_size(good[i].text, UINT64_MAX, &bytes), 0);
        assert_int_equal(bytes, good[i].bytes);
    }
}

static void what_is_written_is_read_again(void **state)
{
    static const uint64_t numbers[] = {0, 1, 9, 10, 99, 100, 4294967295, UINT64_MAX};
    char text[NUMBER_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *end = number_format(text, numbers[i]);
        uint64_t value = 1;

        assert_ptr_equal(end, text + strlen(text));
        assert_int_equal(number_parse(text, UINT64_MAX, &value), 0);
        assert_int_equal(value, numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_parsed),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(junk_is_refused_and_leaves_the_value_alone),
        cmocka_unit_test(numbers_above_the_bound_are_refused),
        cmocka_unit_test(times_may_have_units),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(seconds_become_milliseconds),
        cmocka_unit_test(seconds_that_are_none_are_refused),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
