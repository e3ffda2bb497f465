/* What a connection wants to lock, as it is put together from lines.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/setting_demand.h"

enum { DEMAND_NAMES_MAX = 1024 };

static const struct setting_demand_limits limits = {DEMAND_NAMES_MAX, 256 * 1024};

static void expect_group(const struct lock_demand *demand, size_t group, size_t count,
                         const char *const *names, size_t name_count)
{
    assert_true(group < demand->group_count);
    assert_int_equal(demand->groups[group].count, count);
    assert_int_equal(demand->groups[group].name_count, name_count);
    for (size_t i = 0; i < name_count; i++)
        assert_string_equal(demand->groups[group].names[i], names[i]);
}

static void groups_keep_their_names_and_counts_as_others_join_them(void **state)
{
    static const char *const first[] = {"a", "long-name"}, *const second[] = {"b", "c", "d"};
    struct lock_demand demand = {0};

    (void)state;
    assert_null(setting_demand_add_group(&demand, "  a \t long-name ", &limits));
    assert_null(setting_demand_set_count(&demand, 2));
    assert_null(setting_demand_add_group(&demand, "b c d", &limits));
    expect_group(&demand, 0, 2, first, 2);
    expect_group(&demand, 1, 1, second, 3);
    assert_int_equal(demand.name_count, 5);
    assert_string_equal(demand.names[1], "long-name");
    assert_string_equal(demand.names[4], "d");
    lock_demand_fini(&demand);
    assert_int_equal(demand.name_count, 0);
    assert_int_equal(demand.group_count, 0);
}

static void as_many_groups_as_names_may_be_told(void **state)
{
    struct lock_demand demand = {0};
    char name[16];

    (void)state;
    for (int i = 0; i < DEMAND_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_null(setting_demand_add_group(&demand, name, &limits));
    }
    assert_non_null(setting_demand_add_group(&demand, "more", &limits));
    assert_int_equal(demand.name_count, DEMAND_NAMES_MAX);
    for (int i = 0; i < DEMAND_NAMES_MAX; i++) {
        const char *const names[] = {name};

        snprintf(name, sizeof name, "n%d", i);
        expect_group(&demand, (size_t)i, 1, names, 1);
    }
    lock_demand_fini(&demand);
}

static void what_is_wrong_changes_nothing(void **state)
{
    static const char *const names[] = {"a"};
    struct lock_demand demand = {0};
    char text[DEMAND_NAME_LEN_MAX + 2];

    (void)state;
    assert_non_null(setting_demand_set_count(&demand, 1));
    assert_non_null(setting_demand_add_group(&demand, " \t ", &limits));
    assert_int_equal(demand.group_count, 0);
    assert_null(setting_demand_add_group(&demand, "a", &limits));
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_non_null(setting_demand_add_group(&demand, text, &limits));
    assert_int_equal(demand.group_count, 1);
    expect_group(&demand, 0, 1, names, 1);
    lock_demand_fini(&demand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_keep_their_names_and_counts_as_others_join_them),
        cmocka_unit_test(as_many_groups_as_names_may_be_told),
        cmocka_unit_test(what_is_wrong_changes_nothing),
    };

    return cmocka_run_group_tests_name("setting_demand", tests, NULL, NULL);
}
