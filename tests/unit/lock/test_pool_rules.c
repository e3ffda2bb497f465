/* The rules of a pool, applied to one request.
 * Must not need a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lock/pool_rules.h"

#define LIST(...)                                                       \
    {                                                                   \
        (const char *const[]){__VA_ARGS__},                             \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) \
    }

static const char *const eda[] = {"group:eda", "unix:staff"};
static const struct pool_asker alice = {
    .user = "alice", .host = "cad01", .job = "slurm:7", .project = "chipA"};
static const struct pool_asker bob = {
    .user = "bob", .memberships = eda, .membership_count = 2, .host = "cad02", .project = "chipB"};
static const struct pool_asker stranger;

/* What an asker is charged at, as "KIND LINE VALUE LIMIT SOURCE; ". */
static const char *charges(const struct pool_config *config, const struct pool_asker *asker)
{
    static const char *const kinds[] = {[LOCK_RULE_LIMIT_JOB] = "job",
                                        [LOCK_RULE_LIMIT_USER] = "user",
                                        [LOCK_RULE_LIMIT_HOST] = "host",
                                        [LOCK_RULE_LIMIT_PROJECT] = "project",
                                        [LOCK_RULE_LIMIT_TOGETHER] = "together"};
    static char text[1024];
    struct pool_verdict verdict;
    size_t len = 0;

    pool_rules_apply(config, asker, &verdict);
    text[0] = '\0';
    for (size_t i = 0; i < verdict.charge_count; i++) {
        const struct pool_charge *charge = &verdict.charges[i];

        len += (size_t)snprintf(text + len, sizeof text - len, "%s %u '%s' %u %u; ",
                                kinds[charge->rule], charge->line, charge->value, charge->limit,
                                charge->source);
    }
    return text;
}

static enum lock_rule refusal(const struct pool_config *config, const struct pool_asker *asker)
{
    struct pool_verdict verdict;

    pool_rules_apply(config, asker, &verdict);
    return verdict.refused;
}

static void without_rules_nothing_is_said(void **state)
{
    const struct pool_config config = {.name = "p", .seats = 5};
    struct pool_verdict verdict;

    (void)state;
    assert_false(pool_rules_any(&config));
    assert_false(pool_rules_keep_room(&config));
    pool_rules_apply(&config, &bob, &verdict);
    assert_int_equal(verdict.refused, LOCK_RULE_NONE);
    assert_int_equal(verdict.charge_count, 0);
    assert_int_equal(verdict.reserve_class, 0);
    assert_string_equal(verdict.share, "");
    assert_int_equal(verdict.head_start_ms, 0);
    assert_int_equal(pool_rules_hold_ms(&config, 0), 0);
    assert_int_equal(pool_rules_hold_ms(&config, 7), 7);
}

static void all_lists_must_allow(void **state)
{
    struct pool_config config = {
        .name = "p", .seats = 5, .allow.users = LIST("alice", "group:eda")};
    const struct pool_who hosts = {.users = LIST("alice"), .hosts = LIST("cad02")};

    (void)state;
    assert_int_equal(refusal(&config, &alice), LOCK_RULE_NONE);
    assert_int_equal(refusal(&config, &bob), LOCK_RULE_NONE);
    assert_int_equal(refusal(&config, &stranger), LOCK_RULE_ALLOW);
    config.allow = hosts;
    assert_int_equal(refusal(&config, &alice), LOCK_RULE_ALLOW);
    assert_int_equal(refusal(&config, &bob), LOCK_RULE_ALLOW);
}

static void one_list_that_denies_is_enough_and_comes_first(void **state)
{
    const struct pool_config config = {
        .name = "p",
        .seats = 5,
        .project = "misc",
        .allow.users = LIST("alice", "bob"),
        .deny = {.users = LIST("unix:staff"), .hosts = LIST("cad09"), .projects = LIST("misc")}};
    struct pool_asker other = alice;

    (void)state;
    assert_int_equal(refusal(&config, &alice), LOCK_RULE_NONE);
    assert_int_equal(refusal(&config, &bob), LOCK_RULE_DENY);
    assert_int_equal(refusal(&config, &stranger), LOCK_RULE_DENY); /* by the pool's project */
    other.host = "cad09";
    assert_int_equal(refusal(&config, &other), LOCK_RULE_DENY);
}

static void the_most_specific_limit_counts_whatever_the_order(void **state)
{
    const struct pool_limit limits[] = {
        {.by = POOL_BY_USER, .each = 10},
        {.by = POOL_BY_USER, .of = LIST("group:eda"), .each = 15},
        {.by = POOL_BY_USER, .of = LIST("bob"), .each = 20},
        {.by = POOL_BY_JOB, .each = 4},
    };
    struct pool_config config = {.name = "p", .seats = 5, .limits = limits, .limit_count = 2};

    (void)state;
    assert_true(pool_rules_any(&config));
    assert_string_equal(charges(&config, &alice), "user 0 'alice' 10 0; ");
    assert_string_equal(charges(&config, &bob), "user 0 'bob' 15 1; ");
    /* Who is not known shares one counter with all that are not. */
    assert_string_equal(charges(&config, &stranger), "user 0 '' 10 0; ");
    config.limit_count = 4;
    assert_string_equal(charges(&config, &bob), "user 0 'bob' 20 2; ");
    /* Who has no job is in none. */
    assert_string_equal(charges(&config, &alice), "job 0 'slurm:7' 4 3; user 0 'alice' 10 0; ");
}

static void limits_are_taken_from_narrow_to_wide_and_those_together_all(void **state)
{
    const struct pool_limit limits[] = {
        {.by = POOL_BY_USER, .of = LIST("unix:staff", "alice"), .together = 9},
        {.by = POOL_BY_PROJECT, .of = LIST("chipB"), .each = 25},
        {.by = POOL_BY_GROUP, .of = LIST("group:eda", "group:night", "unix:staff"), .each = 6},
        {.by = POOL_BY_HOST, .each = 16},
        {.by = POOL_BY_HOST, .together = 30},
        {.by = POOL_BY_USER, .each = 3},
    };
    const struct pool_config config = {.name = "p", .seats = 5, .limits = limits, .limit_count = 6};

    (void)state;
    assert_string_equal(
        charges(&config, &bob),
        "user 0 'bob' 3 5; host 0 'cad02' 16 3; project 0 'chipB' 25 1; "
        "together 0 '' 9 0; together 2 'group:eda' 6 2; together 2 'unix:staff' 6 2; "
        "together 4 '' 30 4; ");
    assert_string_equal(charges(&config, &alice), "user 0 'alice' 3 5; host 0 'cad01' 16 3; "
                                                  "together 0 '' 9 0; together 4 '' 30 4; ");
}

static void the_first_reserve_that_names_somebody_counts(void **state)
{
    const struct pool_reserve reserves[] = {
        {.seats = 1, .who = {.users = LIST("bob"), .projects = LIST("ci")}},
        {.seats = 2, .who.users = LIST("group:eda")},
        {.seats = 3, .who.users = LIST("bob")}};
    const struct pool_config config = {
        .name = "p", .seats = 9, .reserves = reserves, .reserve_count = 3};
    struct pool_verdict verdict;

    (void)state;
    assert_true(pool_rules_keep_room(&config));
    pool_rules_apply(&config, &bob, &verdict);
    assert_int_equal(verdict.reserve_class, 2);
    pool_rules_apply(&config, &alice, &verdict);
    assert_int_equal(verdict.reserve_class, 0);
    assert_int_equal(pool_rules_capacity(&config, 0, 9), 3);
    assert_int_equal(pool_rules_capacity(&config, 2, 9), 5);
    assert_int_equal(pool_rules_capacity(&config, 1, 4), -1);
}

static void shares_go_by_project_or_user(void **state)
{
    const struct pool_weight weights[] = {{"chipA", 4}, {"alice", 3}};
    struct pool_config config = {.name = "p",
                                 .seats = 9,
                                 .project = "misc",
                                 .share = {.is_set = true,
                                           .by = POOL_BY_PROJECT,
                                           .weights = weights,
                                           .weight_count = 2,
                                           .others = 2}};
    struct pool_verdict verdict;

    (void)state;
    assert_true(pool_rules_any(&config));
    assert_false(pool_rules_keep_room(&config));
    pool_rules_apply(&config, &alice, &verdict);
    assert_string_equal(verdict.share, "chipA");
    assert_int_equal(verdict.weight, 4);
    pool_rules_apply(&config, &stranger, &verdict);
    assert_string_equal(verdict.share, "misc");
    assert_int_equal(verdict.weight, 2);
    config.share.by = POOL_BY_USER;
    pool_rules_apply(&config, &alice, &verdict);
    assert_string_equal(verdict.share, "alice");
    assert_int_equal(verdict.weight, 3);
}

static int64_t head_start(const struct pool_config *config, const struct pool_asker *asker,
                          int32_t priority)
{
    struct pool_asker asks = *asker;
    struct pool_verdict verdict;

    asks.priority = priority;
    pool_rules_apply(config, &asks, &verdict);
    return verdict.head_start_ms;
}

static void priority_is_capped_by_the_best_line(void **state)
{
    const struct pool_head_start most[] = {
        {.most = 1}, {.users = LIST("group:eda"), .most = 5}, {.users = LIST("bob"), .most = 3}};
    struct pool_config config = {
        .name = "p", .seats = 9, .priority = {.step_ms = 100, .most = most, .most_count = 3}};

    (void)state;
    assert_true(pool_rules_any(&config));
    assert_int_equal(head_start(&config, &bob, 4), 400);
    assert_int_equal(head_start(&config, &bob, 9), 500);
    assert_int_equal(head_start(&config, &alice, 9), 100);
    assert_int_equal(head_start(&config, &alice, INT32_MAX), 100);
    assert_int_equal(head_start(&config, &alice, -7), -700);
    assert_int_equal(head_start(&config, &alice, INT32_MIN), -100 * POOL_PRIORITY_MOST);
    config.priority.most_count = 0;
    assert_int_equal(head_start(&config, &bob, 4), 0);
}

static void a_hold_is_as_long_as_asked_for_up_to_the_limit(void **state)
{
    struct pool_config config = {.name = "p", .seats = 9, .hold_limit_ms = 100};

    (void)state;
    assert_int_equal(pool_rules_hold_ms(&config, 0), 100);
    assert_int_equal(pool_rules_hold_ms(&config, 40), 40);
    assert_int_equal(pool_rules_hold_ms(&config, 101), 100);
    config.hold_default_ms = 30;
    assert_int_equal(pool_rules_hold_ms(&config, 0), 30);
    assert_int_equal(pool_rules_hold_ms(&config, 40), 40);
    config.hold_limit_ms = 0;
    assert_int_equal(pool_rules_hold_ms(&config, 0), 30);
    assert_int_equal(pool_rules_hold_ms(&config, 4000), 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_nothing_is_said),
        cmocka_unit_test(all_lists_must_allow),
        cmocka_unit_test(one_list_that_denies_is_enough_and_comes_first),
        cmocka_unit_test(the_most_specific_limit_counts_whatever_the_order),
        cmocka_unit_test(limits_are_taken_from_narrow_to_wide_and_those_together_all),
        cmocka_unit_test(the_first_reserve_that_names_somebody_counts),
        cmocka_unit_test(shares_go_by_project_or_user),
        cmocka_unit_test(priority_is_capped_by_the_best_line),
        cmocka_unit_test(a_hold_is_as_long_as_asked_for_up_to_the_limit),
    };

    return cmocka_run_group_tests_name("pool_rules", tests, NULL, NULL);
}
