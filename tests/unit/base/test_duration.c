/* Lengths of time at the edges of each unit.
 * Must not need a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

static const struct {
    int64_t seconds;
    const char *words, *brief;
} cases[] = {
    {0, "0 s", "0s"},
    {59, "59 s", "59s"},
    {60, "1 min 0 s", "1m00s"},
    {200, "3 min 20 s", "3m20s"},
    {3599, "59 min 59 s", "59m59s"},
    {3600, "1 h 0 min", "1h00m"},
    {7559, "2 h 5 min", "2h05m"},
    {86399, "23 h 59 min", "23h59m"},
    {86400, "1 d 0 h", "1d00h"},
    {352799, "4 d 1 h", "4d01h"},
    {INT64_MAX, "106751991167300 d 15 h", "106751991167300d15h"},
};

static void a_length_is_shown_in_its_two_largest_units(void **state)
{
    char text[DURATION_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        duration_format(text, cases[i].seconds, DURATION_WORDS);
        assert_string_equal(text, cases[i].words);
        duration_format(text, cases[i].seconds, DURATION_SHORT);
        assert_string_equal(text, cases[i].brief);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_is_shown_in_its_two_largest_units),
    };

    return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
