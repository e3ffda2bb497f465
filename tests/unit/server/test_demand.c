/* What a connection wants to lock, as it is put together from lines.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/demand.h"

static void expect_group(const struct wish *wish, size_t group, size_t count,
                         const char *const *names, size_t name_count)
{
    assert_in_range(group + 1, 1, wish->group_count);
    assert_int_equal(wish->groups[group].count, count);
    assert_int_equal(wish->groups[group].name_count, name_count);
    for (size_t i = 0; i < name_count; i++)
        assert_string_equal(wish->groups[group].names[i], names[i]);
}

static void groups_keep_their_names_and_counts_as_others_join_them(void **state)
{
    static const char *const first[] = {"a", "long-name"}, *const second[] = {"b", "c", "d"};
    struct wish wish = {0};

    (void)state;
    assert_null(wish_add_group(&wish, "  a \t long-name "));
    assert_null(wish_set_count(&wish, 2));
    assert_null(wish_add_group(&wish, "b c d"));
    expect_group(&wish, 0, 2, first, 2);
    expect_group(&wish, 1, 1, second, 3);
    assert_int_equal(wish.name_count, 5);
    assert_string_equal(wish.names[1], "long-name");
    assert_string_equal(wish.names[4], "d");
    wish_fini(&wish);
    assert_int_equal(wish.name_count, 0);
    assert_int_equal(wish.group_count, 0);
}

static void as_many_groups_as_names_may_be_told(void **state)
{
    struct wish wish = {0};
    char name[16];

    (void)state;
    for (int i = 0; i < WISH_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_null(wish_add_group(&wish, name));
    }
    assert_non_null(wish_add_group(&wish, "more"));
    assert_int_equal(wish.name_count, WISH_NAMES_MAX);
    for (int i = 0; i < WISH_NAMES_MAX; i++) {
        const char *const names[] = {name};

        snprintf(name, sizeof name, "n%d", i);
        expect_group(&wish, (size_t)i, 1, names, 1);
    }
    wish_fini(&wish);
}

static void what_is_wrong_changes_nothing(void **state)
{
    static const char *const names[] = {"a"};
    struct wish wish = {0};
    char text[WISH_NAME_LEN_MAX + 2];

    (void)state;
    assert_non_null(wish_set_count(&wish, 1));
    assert_non_null(wish_add_group(&wish, " \t "));
    assert_int_equal(wish.group_count, 0);
    assert_null(wish_add_group(&wish, "a"));
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_non_null(wish_add_group(&wish, text));
    assert_int_equal(wish.group_count, 1);
    expect_group(&wish, 0, 1, names, 1);
    wish_fini(&wish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_keep_their_names_and_counts_as_others_join_them),
        cmocka_unit_test(as_many_groups_as_names_may_be_told),
        cmocka_unit_test(what_is_wrong_changes_nothing),
    };

    return cmocka_run_group_tests_name("wish", tests, NULL, NULL);
}
