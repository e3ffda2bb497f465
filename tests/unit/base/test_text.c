/* Text from strangers: nothing of it is obeyed by a terminal, and nothing is cut inside a
 * character.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void characters_are_measured(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {" ", 1},
        {"\xf0\x9f\x94\x92", 4},
        {"", 0},
        {"\x1b[31m", 0},
        {"\n", 0},
        {"\x7f", 0},
        {"\xc2\x9b", 0}, /* CSI, as UTF-8 */
        {"\xff", 0},
        {"\x80", 0},
        {"\xc3", 0},
        {"\xc0\xaf", 0},
        {"\xe0\x80\xaf", 0},     /* overlong */
        {"\xed\xa0\x80", 0},     /* half of a pair */
        {"\xf4\x90\x80\x80", 0}, /* beyond the last */
        {"\xe2\x80\xae", 0},
        {"\xe2\x81\xa6", 0}, /* written from right to left */
        {"\xc3(", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_char_len(cases[i].text, strlen(cases[i].text)), cases[i].len);
}

static void what_would_be_obeyed_is_shown(void **state)
{
    static const char in[] = "a\x1b[2J\xc3\xa4\xff\0b";
    char out[64];
    size_t len = text_clean(out, sizeof out, in, sizeof in - 1);

    (void)state;
    assert_int_equal(len, strlen(out));
    assert_string_equal(out, "a\\x1b[2J\xc3\xa4\\xff\\x00b");
}

/* By the kind: marks of direction, joiners and blanks of no width, tags and selectors. */
static void what_is_not_seen_is_shown(void **state)
{
    static const char *const cases[] = {
        "\u00ad",     "\u061c",     "\u180e",    "\u200b", "\u200c", "\u200d", "\u200e",
        "\u200f",     "\u2028",     "\u2029",    "\u202a", "\u202b", "\u202c", "\u202d",
        "\u202e",     "\u2060",     "\u2064",    "\u2066", "\u2067", "\u2068", "\u2069",
        "\u206f",     "\u3164",     "\ufe0f",    "\ufeff", "\ufff9", "\ufffb", "\U0001d173",
        "\U000e0001", "\U000e0041", "\U000e01ef"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_char_len(cases[i], strlen(cases[i])), 0);
}

static void what_is_beside_them_is_kept(void **state)
{
    static const char *const cases[] = {
        "\u00a0", "\u00ac", "\u00ae", "\u061b", "\u061d", "\u200a", "\u2010",     "\u2027",
        "\u202f", "\u205f", "\u2070", "\u3042", "\ufefe", "\ufffd", "\U0001f512", "\U0010fffd"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_char_len(cases[i], strlen(cases[i])), strlen(cases[i]));
}

static void it_is_cut_between_characters(void **state)
{
    static const char in[] = "ab\xe2\x82\xac\x1b";
    static const char *const expected[] = {"", "", "a", "ab", "ab", "ab", "ab\xe2\x82\xac"};
    char out[16];

    (void)state;
    for (size_t size = 1; size < sizeof expected / sizeof *expected; size++) {
        memset(out, 'x', sizeof out);
        text_clean(out, size, in, sizeof in - 1);
        assert_string_equal(out, expected[size]);
        assert_int_equal(out[size], 'x');
    }
    out[0] = 'x';
    assert_int_equal(text_clean(out, 0, in, sizeof in - 1), 0);
    assert_int_equal(out[0], 'x');
}

static void json_keeps_what_it_says(void **state)
{
    char *clean = text_clean_json("{\n \"a\": \"\x1b\x7f\xff\xc3\xa4\"}");

    (void)state;
    assert_non_null(clean);
    assert_string_equal(clean, "{\n \"a\": \"\\u001b\\u007f?\xc3\xa4\"}");
    free(clean);
    clean = text_clean_json("[\"\u200e\u061c\ufeff\U000e0041\"]");
    assert_non_null(clean);
    assert_string_equal(clean, "[\"\\u200e\\u061c\\ufeff\\udb40\\udc41\"]");
    free(clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_measured),
        cmocka_unit_test(what_would_be_obeyed_is_shown),
        cmocka_unit_test(what_is_not_seen_is_shown),
        cmocka_unit_test(what_is_beside_them_is_kept),
        cmocka_unit_test(it_is_cut_between_characters),
        cmocka_unit_test(json_keeps_what_it_says),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
