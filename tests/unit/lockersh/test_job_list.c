/* A job's part of the JSON list.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/job_id.h"
#include "lockersh/job_list.h"

#define HEAD "{\"version\":1,\n\"server\":{\"protocol\":2},\n"

static const char document[] =
    HEAD "\"locks\":[\n"
         "{\"name\":\"a\",\"owner\":\"o1\",\"job\":\"slurm:7_1@lab\",\"held_seconds\":0.030},\n"
         "{\"name\":\"b\\u001b\",\"owner\":\"o2\",\"job\":\"slurm:7_12@lab\",\"new\":[1]},\n"
         "{\"name\":\"c\",\"owner\":\"o3\",\"job\":null}],\n"
         "\"waiters\":[\n{\"owner\":\"o4\",\"job\":\"slurm:7_1@lab\"}],\n"
         "\"more \\\"\":{\"x\":18446744073709551615}}";

static char *printed(const char *job)
{
    struct job_list *list = job_list_create(document, job);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(list);
    job_list_print_json(list, out);
    fclose(out);
    job_list_destroy(list);
    return text;
}

static void the_entries_of_the_job_stay_as_they_came(void **state)
{
    char *text = printed("7_1");

    (void)state;
    assert_string_equal(
        text, HEAD
        "\"locks\":[\n"
        "{\"name\":\"a\",\"owner\":\"o1\",\"job\":\"slurm:7_1@lab\",\"held_seconds\":0.030}],\n"
        "\"waiters\":[\n{\"owner\":\"o4\",\"job\":\"slurm:7_1@lab\"}],\n"
        "\"more \\\"\":{\"x\":18446744073709551615}}\n");
    free(text);
    text = printed("8");
    assert_string_equal(text, HEAD "\"locks\":[],\n\"waiters\":[],\n"
                                   "\"more \\\"\":{\"x\":18446744073709551615}}\n");
    free(text);
}

static void held_locks_come_as_rows(void **state)
{
    struct job_list *list = job_list_create(document, "7");

    (void)state;
    assert_int_equal(job_list_held_count(list), 2);
    assert_string_equal(job_list_held(list, 1).name, "b\033");
    assert_string_equal(job_list_held(list, 1).owner, "o2");
    job_list_destroy(list);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "{", "null", "7", "[]", "{}", "{\"locks\":{},\"waiters\":[]}", "{\"locks\":[]}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(job_list_create(wrong[i], "7"));
        assert_int_equal(errno, EPROTO);
    }
    assert_null(job_list_create("{\"locks\":[],\"waiters\":[],\"server\":{\"protocol\":1}}", "7"));
    assert_int_equal(errno, ENOTSUP);
    job_list_destroy(NULL);
}

static void strange_entries_belong_to_no_job(void **state)
{
    struct job_list *list = job_list_create(
        "{\"locks\":[7,null,{\"job\":7},{\"job\":\"slurm:7\"}],\"waiters\":[]}", "7");

    (void)state;
    assert_int_equal(job_list_held_count(list), 1);
    assert_string_equal(job_list_held(list, 0).name, "");
    job_list_destroy(list);
}

static void an_id_covers_its_parts(void **state)
{
    static const char *const covers[][2] = {
        {"4711", "slurm:4711"},
        {"4711", "slurm:4711@lab"},
        {"4711", "slurm:4711_3@lab"},
        {"4711", "slurm:4711+1"},
        {"4711_3", "slurm:4711_3@lab"},
        {"4711+1", "slurm:4711+1@lab"},
        {"slurm:4711", "slurm:4711_3"},
        {"slurm:4711@lab", "slurm:4711_3@lab"},
        {"4711_3@lab", "slurm:4711_3@lab"},
        {"17", "lsf:17[4]"},
        {"17[4]", "lsf:17[4]"},
        {"99", "pbs:99[2].head"},
        {"99.head", "pbs:99.head"},
        {"55", "sge:55.7"},
        {"own", "own"},
        {"4711", "slurm:4711_3=4714@lab"},
        {"4711_3", "slurm:4711_3=4714@lab"},
        {"4714", "slurm:4711_3=4714@lab"},
        {"slurm:4714@lab", "slurm:4711_3=4714@lab"},
        {"4711_3=4714", "slurm:4711_3=4714@lab"},
    };
    static const char *const not [][2] = {
        {"471", "slurm:4711"},
        {"471", "slurm:4711_3=4714@lab"},
        {"4714@lab", "slurm:4711_3=4714@den"},
        {"3", "slurm:4711_3=4714@lab"},
        {"lsf:4714", "slurm:4711_3=4714@lab"},
        {"slurm:", "slurm:4711"},
        {"47110", "slurm:4711"},
        {"4711_3", "slurm:4711_30"},
        {"4711_3", "slurm:4711"},
        {"4711+1", "slurm:4711_1"},
        {"lsf:4711", "slurm:4711"},
        {"4711@lab", "slurm:4711"},
        {"4711@lab", "slurm:4711@laboratory"},
        {"lab", "slurm:4711@lab"},
        {"slurm", "slurm:4711"},
        {"@lab", "slurm:4711@lab"},
        {"", "slurm:4711"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof covers / sizeof *covers; i++)
        assert_true(job_id_covers(covers[i][0], covers[i][1]));
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        assert_false(job_id_covers(not [i][0], not [i][1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entries_of_the_job_stay_as_they_came),
        cmocka_unit_test(held_locks_come_as_rows),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(strange_entries_belong_to_no_job),
        cmocka_unit_test(an_id_covers_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
