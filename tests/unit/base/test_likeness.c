/* How like two words are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/likeness.h"

static size_t distance(const char *a, const char *b)
{
    size_t found = likeness_distance(a, strlen(a), b, strlen(b));

    assert_int_equal(found, likeness_distance(b, strlen(b), a, strlen(a)));
    return found;
}

static void slips_are_counted(void **state)
{
    (void)state;
    assert_int_equal(distance("timeout", "timeout"), 0);
    assert_int_equal(distance("timeout", "timeuot"), 1);
    assert_int_equal(distance("timeout", "timout"), 1);
    assert_int_equal(distance("timeout", "timeoutt"), 1);
    assert_int_equal(distance("host", "port"), 2);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("", ""), 0);
}

static void long_words_are_like_nothing(void **state)
{
    char word[LIKENESS_LEN_MAX + 2];

    (void)state;
    memset(word, 'a', sizeof word);
    word[LIKENESS_LEN_MAX] = '\0';
    assert_int_equal(distance(word, word), 0);
    word[LIKENESS_LEN_MAX] = 'a';
    word[LIKENESS_LEN_MAX + 1] = '\0';
    assert_true(distance(word, "a") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_are_counted),
        cmocka_unit_test(long_words_are_like_nothing),
    };

    return cmocka_run_group_tests_name("likeness", tests, NULL, NULL);
}
