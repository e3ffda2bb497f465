/* What cannot be declared of pools, and what is said of it.
 * Must not need a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/pools.h"

#define AT(line_)  \
    {              \
        "f", line_ \
    }
#define LIST(...)                                                       \
    {                                                                   \
        (const char *const[]){__VA_ARGS__},                             \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) \
    }

static char told[2048];

static void keep_fault(void *context, const struct pools_fault *fault)
{
    size_t len = strlen(told);

    (void)context;
    snprintf(told + len, sizeof told - len, "%d: %s\n", fault->at.line, fault->text);
}

static void check_config(const struct pools_config *config, const char *faults)
{
    struct pools_fault first;
    size_t count = 0;

    told[0] = '\0';
    for (const char *c = faults; *c != '\0'; c++)
        count += *c == '\n';
    assert_int_equal(pools_config_check_all(config, keep_fault, NULL), count);
    assert_string_equal(told, faults);
    assert_int_equal(pools_config_check(config, &first), count == 0);
    if (count > 0)
        assert_true(strncmp(strchr(told, ' ') + 1, first.text, strlen(first.text)) == 0);
}

static void check_pools(const struct pool_config *pools, size_t count, const char *faults)
{
    check_config(&(struct pools_config){.pools = pools, .pool_count = count}, faults);
}

static void check_pool(const struct pool_config *pool, const char *faults)
{
    check_pools(pool, 1, faults);
}

static void what_can_be_is_sound(void **state)
{
    const struct pool_limit limits[] = {
        {.by = POOL_BY_USER, .each = 10},
        {.by = POOL_BY_USER, .of = LIST("alice"), .each = 20},
        {.by = POOL_BY_USER, .of = LIST("group:eda"), .each = 15},
        {.by = POOL_BY_USER, .together = 12},
        {.by = POOL_BY_USER, .together = 11},
        {.by = POOL_BY_HOST, .each = 10},
        {.by = POOL_BY_GROUP, .of = LIST("group:eda", "unix:staff"), .each = 3},
    };
    const struct pool_reserve reserves[] = {{.seats = 30, .who.users = LIST("group:eda")},
                                            {.seats = 10, .who.projects = LIST("ci")}};
    const struct pool_weight weights[] = {{"a", 1}, {"b", POOL_WEIGHT_MOST}};
    const struct pool_config pools[] = {
        {.name = "vcs",
         .seats = 40,
         .limits = limits,
         .limit_count = 7,
         .reserves = reserves,
         .reserve_count = 2,
         .share = {true, POOL_BY_PROJECT, weights, 2, 1, AT(1)},
         .priority = {.step_ms = 600000},
         .hold_limit_ms = 5,
         .hold_default_ms = 5,
         .outside_most = 40},
        {.name = "board", .names = LIST("board1", "big1")},
    };
    const struct pool_group group = {"group:eda", LIST("alice", "unix:edaflow"), AT(9)};

    (void)state;
    check_config(&(struct pools_config){pools, 2, &group, 1, true}, "");
    check_config(&(struct pools_config){0}, "");
}

static void seats_are_counted(void **state)
{
    (void)state;
    check_pool(&(struct pool_config){.name = "a", .at = AT(3)},
               "3: pool a has no seats; give it seats or names\n");
    check_pool(&(struct pool_config){.name = "a", .seats = 2, .names = LIST("b"), .at = AT(3)},
               "3: pool a has both a number of seats and names of them\n");
    check_pool(&(struct pool_config){.name = "a", .seats = POOL_SEATS_MOST + 1, .at = AT(3)},
               "3: pool a has more than 65536 seats\n");
    check_pool(&(struct pool_config){.name = "a", .seats = 2, .outside_most = 3, .at = AT(3)},
               "3: pool a has 2 seats, but 3 may be in use outside\n");
    check_pool(
        &(struct pool_config){
            .name = "a", .seats = 2, .hold_limit_ms = 5, .hold_default_ms = 6, .at = AT(3)},
        "3: the hold-default of pool a is above its hold-limit\n");
}

static void names_are_of_one_thing_each(void **state)
{
    const struct pool_config numbered[] = {{.name = "vcs", .seats = 40, .at = AT(1)},
                                           {.name = "vcs1", .seats = 20, .at = AT(2)}};
    const struct pool_config named[] = {
        {.name = "b", .names = LIST("x", "y"), .at = AT(1)},
        {.name = "c", .names = LIST("z", "y", "z"), .at = AT(2)},
        {.name = "y", .seats = 1, .at = AT(3)},
    };

    (void)state;
    /* vcs11 is the eleventh of one and the first of the other, and so on: one is told. */
    check_pools(numbered, 2, "2: vcs1 is a seat of pool vcs, and the name of pool vcs1\n");
    check_pools(named, 3,
                "2: y is a seat of pool b, and a seat of pool c\n"
                "3: y is a seat of pool c, and the name of pool y\n"
                "2: z is a seat of pool c, and a seat of pool c\n");
}

static void limits_say_one_thing_each(void **state)
{
    const struct pool_limit limits[] = {
        {.by = POOL_BY_USER, .at = AT(1)},
        {.by = POOL_BY_USER, .each = 1, .together = 1, .at = AT(2)},
        {.by = POOL_BY_GROUP, .each = 1, .at = AT(3)},
        {.by = POOL_BY_HOST, .each = 1, .at = AT(4)},
        {.by = POOL_BY_HOST, .each = 2, .at = AT(5)},
        {.by = POOL_BY_HOST, .of = LIST("h1", "h2"), .each = 2, .at = AT(6)},
        {.by = POOL_BY_HOST, .of = LIST("h3", "h2"), .each = 3, .at = AT(7)},
        {.by = POOL_BY_HOST, .of = LIST("h3", "h2"), .together = 3, .at = AT(8)},
    };
    const struct pool_config pool = {
        .name = "a", .seats = 9, .limits = limits, .limit_count = 8, .at = AT(9)};

    (void)state;
    check_pool(&pool, "1: a limit of pool a needs one of each and together\n"
                      "2: a limit of pool a needs one of each and together\n"
                      "3: a limit by group of pool a must say of which groups\n"
                      "5: pool a has a limit for each in line 4 already\n"
                      "7: pool a has a limit for each of h2 in line 6 already\n");
}

static void limits_are_not_without_number(void **state)
{
    static struct pool_limit limits[POOL_LIMITS_MOST + 1];
    static const char *names[POOL_OF_MOST + 1];
    struct pool_config pool = {.name = "a", .seats = 9, .limits = limits, .at = AT(9)};

    (void)state;
    for (int i = 0; i <= POOL_LIMITS_MOST; i++)
        limits[i] = (struct pool_limit){.by = POOL_BY_USER, .together = 1, .at = AT(i)};
    pool.limit_count = POOL_LIMITS_MOST;
    check_pool(&pool, "");
    pool.limit_count++;
    check_pool(&pool, "9: pool a has more than 32 limits\n");
    for (int i = 0; i <= POOL_OF_MOST; i++)
        names[i] = "unix:staff";
    for (int i = 0; i < 3; i++)
        limits[i] = (struct pool_limit){
            .by = POOL_BY_GROUP, .of = {names, POOL_OF_MOST}, .each = 1, .at = AT(i)};
    pool.limit_count = 2;
    limits[1].of.items = &names[1];
    check_pool(&pool, "1: pool a has a limit for each of unix:staff in line 0 already\n");
    limits[0].of.count++;
    pool.limit_count = 1;
    check_pool(&pool, "0: a limit of pool a names more than 32 groups\n");
}

static void reserves_fit_into_the_pool(void **state)
{
    const struct pool_reserve reserves[] = {
        {.seats = 3, .who.users = LIST("u"), .at = AT(1)},
        {.seats = 0, .who.users = LIST("u"), .at = AT(2)},
        {.seats = 1, .at = AT(3)},
        {.seats = 2, .who.users = LIST("u"), .at = AT(4)},
        {.seats = 2, .who.users = LIST("u"), .at = AT(5)},
    };

    (void)state;
    check_pool(
        &(struct pool_config){.name = "a", .seats = 5, .reserves = reserves, .reserve_count = 5},
        "2: a reserve of pool a keeps no seats\n"
        "3: a reserve of pool a is for nobody; name users, hosts or projects\n"
        "4: pool a has 5 seats, but 6 are reserved\n");
}

static void weights_and_priorities_are_in_range(void **state)
{
    const struct pool_weight weights[] = {{"a", 0}, {"b", POOL_WEIGHT_MOST + 1}, {"a", 1}};
    const struct pool_head_start most[] = {{.most = -1, .at = AT(4)},
                                           {.most = POOL_PRIORITY_MOST + 1, .at = AT(5)}};

    (void)state;
    check_pool(&(struct pool_config){.name = "p",
                                     .seats = 5,
                                     .share = {true, POOL_BY_HOST, weights, 3, 0, AT(2)},
                                     .priority = {INT64_MAX, most, 2, AT(3)}},
               "2: pool p can be shared by user or project only\n"
               "2: the weight of others in pool p must be from 1 to 10000\n"
               "2: the weight of a in pool p must be from 1 to 10000\n"
               "2: the weight of b in pool p must be from 1 to 10000\n"
               "2: a has two weights in pool p\n"
               "3: the priority step of pool p is out of range\n"
               "4: the most priority of pool p must be from 0 to 1000\n"
               "5: the most priority of pool p must be from 0 to 1000\n");
}

static void groups_are_declared(void **state)
{
    const struct pool_group groups[] = {
        {"group:eda", LIST("alice"), AT(1)},
        {"group:night", LIST("group:eda", "group:dya"), AT(2)},
        {"group:eda", LIST("bob"), AT(3)},
    };
    const struct pool_limit limits[] = {
        {.by = POOL_BY_USER, .of = LIST("group:ead"), .each = 1, .at = AT(12)},
        {.by = POOL_BY_PROJECT, .of = LIST("group:any"), .each = 1, .at = AT(13)}};
    const struct pool_reserve reserve = {
        .seats = 1, .who.users = LIST("group:nigth"), .at = AT(14)};
    const struct pool_head_start most = {LIST("group:x"), 1, AT(15)};
    const struct pool_config pool = {
        .name = "p",
        .seats = 5,
        .allow.users = LIST("group:eda", "unix:none", "group:wholly-different"),
        .deny.users = LIST("mallory", "group:night"),
        .administrators = LIST("group:day"),
        .limits = limits,
        .limit_count = 2,
        .reserves = &reserve,
        .reserve_count = 1,
        .priority = {1, &most, 1, AT(15)},
        .at = AT(9),
        .allow_at = AT(10),
        .deny_at = AT(11),
        .administrators_at = AT(16),
    };

    (void)state;
    check_config(&(struct pools_config){&pool, 1, groups, 3, false},
                 "2: group:night names group:eda; name its users, or a unix:GROUP\n"
                 "3: group:eda is declared twice\n"
                 "2: there is no group:dya; declare it in groups, or name unix:GROUP\n"
                 "10: there is no group:wholly-different; declare it in groups, or name "
                 "unix:GROUP\n"
                 "16: there is no group:day; declare it in groups, or name unix:GROUP\n"
                 "12: there is no group:ead; did you mean group:eda?\n"
                 "14: there is no group:nigth; did you mean group:night?\n"
                 "15: there is no group:x; declare it in groups, or name unix:GROUP\n");
}

static void who_is_in_which_group_is_found(void **state)
{
    const struct pool_group groups[] = {{"group:eda", LIST("alice", "unix:edaflow"), AT(1)},
                                        {"group:night", LIST("bob", "alice"), AT(2)},
                                        {"group:none", LIST("eve"), AT(2)}};
    const struct pool_reserve reserve = {.seats = 1, .who.users = LIST("unix:adm", "unix:edaflow")};
    const struct pool_config pool = {
        .name = "p", .seats = 5, .reserves = &reserve, .reserve_count = 1};
    const struct pools_config config = {&pool, 1, groups, 3, false};
    size_t count;
    const char **names = pools_config_system_groups(&config, &count), *out[5];

    (void)state;
    assert_non_null(names);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "unix:adm");
    assert_string_equal(names[1], "unix:edaflow");
    assert_int_equal(pools_config_memberships(&config, "alice", NULL, 0, out), 2);
    assert_string_equal(out[0], "group:eda");
    assert_string_equal(out[1], "group:night");
    assert_int_equal(pools_config_memberships(&config, "carol", names, 2, out), 3);
    assert_string_equal(out[0], "unix:adm");
    assert_string_equal(out[1], "unix:edaflow");
    assert_string_equal(out[2], "group:eda");
    assert_int_equal(pools_config_memberships(&config, "carol", names, 1, out), 1);
    assert_int_equal(pools_config_memberships(&config, "dora", NULL, 0, out), 0);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_is_sound),
        cmocka_unit_test(seats_are_counted),
        cmocka_unit_test(names_are_of_one_thing_each),
        cmocka_unit_test(limits_say_one_thing_each),
        cmocka_unit_test(limits_are_not_without_number),
        cmocka_unit_test(reserves_fit_into_the_pool),
        cmocka_unit_test(weights_and_priorities_are_in_range),
        cmocka_unit_test(groups_are_declared),
        cmocka_unit_test(who_is_in_which_group_is_found),
    };

    return cmocka_run_group_tests_name("pools_check", tests, NULL, NULL);
}
