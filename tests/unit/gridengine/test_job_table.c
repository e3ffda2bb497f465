/* What qstat prints of jobs, and what that means.
 * Must not need Grid Engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gridengine/job_table.h"

#define ROW(id, state, more)                                                            \
    "<job_list state=\"running\">\n<JB_job_number>" id "</JB_job_number>\n"             \
    "<JAT_prio>0.75</JAT_prio><JB_name>x&amp;%lt;y</JB_name><JB_owner>alice</JB_owner>" \
    "<state>" state "</state>" more "<slots>1</slots></job_list>\n"
#define WHOLE(rows) "<?xml version='1.0'?>\n<job_info><queue_info>\n" rows "</job_info>\n"

static struct job_row only(const char *text)
{
    struct job_row row, more;

    assert_true(job_table_is_whole(text));
    assert_true(job_table_next(&text, &row));
    assert_false(job_table_next(&text, &more));
    return row;
}

static void a_job_is_read(void **state)
{
    struct job_row row;

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    row = only(WHOLE(ROW("3", "r", "<JAT_start_time>2026-11-28T06:14:21</JAT_start_time>")));
    assert_int_equal(row.id, 3);
    assert_string_equal(row.state, "r");
    assert_string_equal(row.tasks, "");
    assert_int_equal(row.start_s, 1795846461);
    assert_int_equal(only(WHOLE(ROW("3", "qw", ""))).start_s, 0);
}

static void tasks_are_those_of_the_list(void **state)
{
    struct job_row row = only(WHOLE(ROW("4", "qw", "<tasks>5,7-9:2</tasks>")));

    (void)state;
    assert_true(job_table_row_has(&row, 4, 5));
    assert_true(job_table_row_has(&row, 4, 9));
    assert_true(job_table_row_has(&row, 4, 0));
    assert_false(job_table_row_has(&row, 4, 8));
    assert_false(job_table_row_has(&row, 5, 5));
    row = only(WHOLE(ROW("4", "r", "")));
    assert_true(job_table_row_has(&row, 4, 0));
    assert_true(job_table_row_has(&row, 4, 1));
}

static void a_list_of_tasks_that_is_not_understood_may_have_any(void **state)
{
    struct job_row row = only(WHOLE(ROW("4", "qw", "<tasks>5 ...</tasks>")));

    (void)state;
    assert_true(job_table_row_has(&row, 4, 99));
}

static enum job_phase phase_of(const char *text, uint32_t restarts)
{
    struct job_row row = only(text);
    struct job_standing standing = job_table_standing(&row);

    assert_int_equal(standing.restarts, restarts);
    return standing.phase;
}

static void states_mean_what_is_certain(void **state)
{
    (void)state;
    assert_int_equal(phase_of(WHOLE(ROW("1", "r", "")), 0), JOB_PHASE_LIVE);
    assert_int_equal(phase_of(WHOLE(ROW("1", "t", "")), 0), JOB_PHASE_LIVE);
    assert_int_equal(phase_of(WHOLE(ROW("1", "dr", "")), 0), JOB_PHASE_LIVE);
    assert_int_equal(phase_of(WHOLE(ROW("1", "s", "")), 0), JOB_PHASE_LIVE);
    assert_int_equal(phase_of(WHOLE(ROW("1", "Rr", "")), 1), JOB_PHASE_LIVE);
    assert_int_equal(phase_of(WHOLE(ROW("1", "Rq", "")), 1), JOB_PHASE_WAITING);
    assert_int_equal(phase_of(WHOLE(ROW("1", "hqw", "")), 0), JOB_PHASE_WAITING);
    assert_int_equal(phase_of(WHOLE(ROW("1", "Eqw", "")), 0), JOB_PHASE_WAITING);
    assert_int_equal(phase_of(WHOLE(ROW("1", "abcdefghijklmnopqrstuvw", "")), 0), JOB_PHASE_LIVE);
}

static void what_was_cut_is_not_whole(void **state)
{
    const char *text = WHOLE(ROW("1", "r", ""));
    char cut[2000];
    struct job_row row;

    (void)state;
    assert_true(job_table_is_whole("<job_info></job_info>\n"));
    for (size_t len = 0; len + 2 < strlen(text); len++) {
        const char *at = cut;

        snprintf(cut, sizeof cut, "%.*s", (int)len, text);
        assert_false(job_table_is_whole(cut));
        while (job_table_next(&at, &row))
            assert_int_equal(row.id, 1);
    }
}

static void a_denial_is_told_from_a_failure(void **state)
{
    (void)state;
    assert_true(job_table_denies("Following jobs do not exist: \n999\n"));
    assert_false(job_table_denies("error: commlib error: got select error (Connection refused)\n"));
    assert_false(job_table_denies(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read),
        cmocka_unit_test(tasks_are_those_of_the_list),
        cmocka_unit_test(a_list_of_tasks_that_is_not_understood_may_have_any),
        cmocka_unit_test(states_mean_what_is_certain),
        cmocka_unit_test(what_was_cut_is_not_whole),
        cmocka_unit_test(a_denial_is_told_from_a_failure),
    };

    return cmocka_run_group_tests_name("job_table", tests, NULL, NULL);
}
