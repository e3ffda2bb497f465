/* Words of lines, byte by byte and eight bytes at a time: both find the same.
 * Must not read behind a text: each stands at the end of memory of its own size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/words.h"

enum { LEN_MOST = 20 };

/* What may stand behind a word, or in the middle of it. */
static const char bytes[] = {' ',  '\t',   '\n', '\v',   '\f',   '\r',  '\0',
                             '\1', '\x1f', '!',  '\x7f', '\x80', '\xff'};

static size_t len_by_bytes(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && text[at] != '\0' && !words_is_blank(text[at]))
        at++;
    return at;
}

static void expect_same(const char *text, size_t len)
{
    char *copy = test_malloc(len > 0 ? len : 1);

    if (len > 0)
        memcpy(copy, text, len);
    assert_int_equal(words_word_len_within(copy, len), len_by_bytes(text, len));
    test_free(copy);
}

static void a_word_ends_where_its_first_blank_or_the_text_does(void **state)
{
    char text[LEN_MOST];

    (void)state;
    for (size_t len = 0; len <= LEN_MOST; len++) {
        memset(text, 'w', sizeof text);
        expect_same(text, len);
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof bytes; i++) {
                text[at] = bytes[i];
                expect_same(text, len);
                text[len - 1] = ' ';
                expect_same(text, len);
                text[len - 1] = 'w';
            }
            text[at] = 'w';
        }
    }
}

static void a_head_is_the_first_eight_bytes_with_the_first_one_lowest(void **state)
{
    static const char text[] = "\x81yes or no";
    uint64_t expected = 0;

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = test_malloc(len > 0 ? len : 1);

        memcpy(copy, text, len);
        assert_true(words_head(copy, len) == expected);
        test_free(copy);
        if (len < WORDS_HEAD_BYTES)
            expected |= (uint64_t)(unsigned char)text[len] << (8 * len);
    }
}

static void what_is_behind_the_first_blank_of_a_head_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(words_head_len(words_head("block 0", 7)), 5);
    assert_int_equal(words_head_len(words_head("a\x20\x21\x20", 4)), 1);
    assert_int_equal(words_head_len(words_head("\x80\xff\x7f!!!!!", 8)), 8);
    assert_int_equal(words_head_len(words_head("EOF", 3)), 3);
    assert_int_equal(words_head_len(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_ends_where_its_first_blank_or_the_text_does),
        cmocka_unit_test(a_head_is_the_first_eight_bytes_with_the_first_one_lowest),
        cmocka_unit_test(what_is_behind_the_first_blank_of_a_head_does_not_count),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
