/* Which process it is that asks by a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/incarnation.h"

static const struct lock_claimant whole = {
    .host = "n1", .boot = "b1", .pid = 7, .start = 70, .pid_namespace = 4};

static struct lock_ask ask_of(const struct lock_claimant *process)
{
    return (struct lock_ask){.host = process->host,
                             .boot = process->boot,
                             .pid = process->pid,
                             .start = process->start,
                             .pid_namespace = process->pid_namespace};
}

static void all_that_is_known_has_to_be_told(void **state)
{
    const struct lock_ask right = ask_of(&whole);
    struct lock_ask wrong[10];

    (void)state;
    assert_true(incarnation_is_told_again(&whole, &right));
    for (size_t i = 0; i < 10; i++)
        wrong[i] = right;
    wrong[0].host = "n2";
    wrong[1].host = NULL;
    wrong[2].boot = "b2";
    wrong[3].boot = NULL;
    wrong[4].pid = 8;
    wrong[5].pid = 0;
    wrong[6].start = 71;
    wrong[7].start = 0;
    wrong[8].pid_namespace = 5;
    wrong[9].pid_namespace = 0;
    for (size_t i = 0; i < 10; i++)
        assert_false(incarnation_is_told_again(&whole, &wrong[i]));
}

static void of_what_is_not_known_nothing_is_asked(void **state)
{
    const struct lock_claimant nothing = {0}, classic = {.host = "n1", .pid = 7};
    const struct lock_ask all = ask_of(&whole), none = ask_of(&nothing), some = ask_of(&classic);

    (void)state;
    assert_true(incarnation_is_unknown(&nothing));
    assert_false(incarnation_is_unknown(&classic));
    assert_true(incarnation_is_told_again(&nothing, &all));
    assert_true(incarnation_is_told_again(&nothing, &none));
    assert_true(incarnation_is_told_again(&classic, &all));
    assert_true(incarnation_is_told_again(&classic, &some));
    assert_false(incarnation_is_told_again(&classic, &none));
    assert_false(incarnation_is_told_again(&whole, &some));
}

static void what_a_server_has_found_need_not_be_told_to_another(void **state)
{
    const struct lock_claimant classic = {.host = "n1", .pid = 7}, other = {.host = "n1", .pid = 8},
                               elsewhere = {.host = "n2", .pid = 7};
    const struct lock_ask some = ask_of(&classic), wrong[] = {ask_of(&other), ask_of(&elsewhere)};
    struct lock_claimant found = whole;
    struct lock_ask all = ask_of(&whole);

    (void)state;
    found.is_found = true;
    assert_true(incarnation_is_told_again(&found, &some));
    for (size_t i = 0; i < 2; i++)
        assert_false(incarnation_is_told_again(&found, &wrong[i]));
    /* Who has it told, or is looked at, is another one where that differs. */
    assert_true(incarnation_is_told_again(&found, &all));
    all.start++;
    assert_false(incarnation_is_told_again(&found, &all));
}

static void neighbours_mean_the_same_by_a_pid(void **state)
{
    const struct lock_claimant nothing = {0};
    struct particulars says = {.pid_namespace = 4};
    const struct conn conn = {.says = &says};
    char boot[] = "b1", other[] = "b2";

    (void)state;
    assert_false(incarnation_is_neighbour(&conn, &whole));
    says.boot = boot;
    assert_true(incarnation_is_neighbour(&conn, &whole));
    assert_false(incarnation_is_neighbour(&conn, &nothing));
    says.pid_namespace = 5;
    assert_false(incarnation_is_neighbour(&conn, &whole));
    says.pid_namespace = 4;
    says.boot = other;
    assert_false(incarnation_is_neighbour(&conn, &whole));
    says = (struct particulars){0};
    assert_false(incarnation_is_neighbour(&conn, &nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_known_has_to_be_told),
        cmocka_unit_test(of_what_is_not_known_nothing_is_asked),
        cmocka_unit_test(what_a_server_has_found_need_not_be_told_to_another),
        cmocka_unit_test(neighbours_mean_the_same_by_a_pid),
    };

    return cmocka_run_group_tests_name("incarnation", tests, NULL, NULL);
}
