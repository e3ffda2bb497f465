/* Ids of Slurm's jobs, and lists of an array's tasks.
 * Must not need Slurm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "job/slurm_id.h"

/* Parses and writes again. */
static const char *through(const char *text)
{
    static char out[SLURM_JOB_TEXT_SIZE];
    struct slurm_job job;

    if (!slurm_id_parse(text, &job))
        return "";
    slurm_id_format(out, &job);
    return out;
}

static void ids_are_read_as_slurm_and_as_locks_write_them(void **state)
{
    (void)state;
    assert_string_equal(through("4711"), "slurm:4711");
    assert_string_equal(through("slurm:4711@lab"), "slurm:4711@lab");
    assert_string_equal(through("4711_0"), "slurm:4711_0");
    assert_string_equal(through("slurm:4711_3@lab"), "slurm:4711_3@lab");
    assert_string_equal(through("slurm:4711_3=4714@lab"), "slurm:4711_3=4714@lab");
    assert_string_equal(through("4711_3=4714"), "slurm:4711_3=4714");
    assert_string_equal(through("4711+1@a-b.c_9"), "slurm:4711+1@a-b.c_9");
    assert_string_equal(through("4294967292_4294967292"), "slurm:4294967292_4294967292");
}

static void nothing_else_is_an_id(void **state)
{
    static const char *const wrong[] = {
        "",
        "slurm:",
        "lsf:7",
        "slurm:slurm:7",
        "0",
        "-1",
        "+1",
        "7_",
        "7+",
        "7_3_2",
        "7=8",
        "7+1=8",
        "7_3=",
        "7_3=0",
        "7_3=x",
        "7_3=8=9",
        "7_3=4294967293",
        "7_-3",
        "7@",
        "7@a b",
        "7@a@b",
        "7@a/b",
        "7 ",
        " 7",
        "7x",
        "0x7",
        "7@\033[2J",
        "7\n",
        "4294967293",
        "7_4294967294",
        "99999999999",
        "00000000007",
        "7[1-3]",
    };
    char huge[200] = "7@";

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_string_equal(through(wrong[i]), "");
    memset(huge + 2, 'x', SLURM_CLUSTER_SIZE - 1);
    assert_string_not_equal(through(huge), "");
    memset(huge + 2, 'x', SLURM_CLUSTER_SIZE);
    assert_string_equal(through(huge), "");
}

static void ids_are_in_order_of_job_and_part(void **state)
{
    static const char *const ordered[] = {"6_9", "7", "7_0", "7_10", "7+0", "7+1", "10"};
    struct slurm_job jobs[sizeof ordered / sizeof *ordered], twin;

    (void)state;
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
        assert_true(slurm_id_parse(ordered[i], &jobs[i]));
    for (size_t i = 1; i < sizeof ordered / sizeof *ordered; i++) {
        assert_true(slurm_id_compare(&jobs[i - 1], &jobs[i]) < 0);
        assert_true(slurm_id_compare(&jobs[i], &jobs[i - 1]) > 0);
    }
    assert_true(slurm_id_parse("7_0@lab", &twin));
    assert_int_equal(slurm_id_compare(&twin, &jobs[2]), 0);
}

static void a_task_is_asked_about_by_its_own_number(void **state)
{
    struct slurm_job job, other;
    char out[SLURM_JOB_TEXT_SIZE];

    (void)state;
    assert_true(slurm_id_parse("7_3=9@lab", &job));
    other = slurm_id_to_ask(&job);
    slurm_id_format(out, &other);
    assert_string_equal(out, "slurm:9@lab");
    assert_true(slurm_id_parse("7_3@lab", &job));
    other = slurm_id_to_ask(&job);
    slurm_id_format(out, &other);
    assert_string_equal(out, "slurm:7_3@lab");
}

static bool is_meant(const char *wanted, const char *id)
{
    struct slurm_job a, b;

    assert_true(slurm_id_parse(wanted, &a));
    assert_true(slurm_id_parse(id, &b));
    return slurm_id_is_meant(&a, &b);
}

static void a_task_can_be_named_without_its_own_number(void **state)
{
    (void)state;
    assert_true(is_meant("7_3@lab", "7_3=9@lab"));
    assert_true(is_meant("7_3=9@lab", "7_3=9@lab"));
    assert_false(is_meant("7_3=8@lab", "7_3=9@lab"));
    assert_false(is_meant("7_3=9@lab", "7_3@lab"));
    assert_false(is_meant("7_3", "7_3=9@lab"));
    assert_false(is_meant("7@lab", "7_3=9@lab"));
    assert_false(is_meant("9@lab", "7_3=9@lab"));
}

static void a_list_of_tasks_says_which_have_not_started(void **state)
{
    (void)state;
    assert_true(slurm_id_list_has("3", 3));
    assert_false(slurm_id_list_has("3", 2));
    assert_true(slurm_id_list_has("0-5,9%2", 9));
    assert_true(slurm_id_list_has("0-5,9%2", 5));
    assert_false(slurm_id_list_has("0-5,9%2", 6));
    assert_true(slurm_id_list_has("0-8:4", 8));
    assert_false(slurm_id_list_has("0-8:4", 7));
}

static void a_list_that_cannot_be_read_may_have_any_task(void **state)
{
    static const char *const odd[] = {"", "1-3,...", "1-", "x", "1-3:0", "1,,2", "0xFF", "1;2"};

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_true(slurm_id_list_has(odd[i], 77));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read_as_slurm_and_as_locks_write_them),
        cmocka_unit_test(nothing_else_is_an_id),
        cmocka_unit_test(ids_are_in_order_of_job_and_part),
        cmocka_unit_test(a_task_is_asked_about_by_its_own_number),
        cmocka_unit_test(a_task_can_be_named_without_its_own_number),
        cmocka_unit_test(a_list_of_tasks_says_which_have_not_started),
        cmocka_unit_test(a_list_that_cannot_be_read_may_have_any_task),
    };

    return cmocka_run_group_tests_name("slurm_job", tests, NULL, NULL);
}
