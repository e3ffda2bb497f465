/* Job ids from the environments of schedulers.
 * Must not need a scheduler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "job_id.h"

/* Makes an environment of these NAME, VALUE pairs without any other scheduler's. */
static void set_environment(const char *const *pairs)
{
    static const char *const variables[] = {
        "SLURM_JOB_ID",     "SLURM_ARRAY_JOB_ID",   "SLURM_ARRAY_TASK_ID",
        "SLURM_HET_JOB_ID", "SLURM_HET_JOB_OFFSET", "SLURM_CLUSTER_NAME",
        "LSB_JOBID",        "LSB_JOBINDEX",         "PBS_JOBID",
        "JOB_ID",           "SGE_TASK_ID",          "SGE_ROOT",
        "SGE_CELL"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    for (; *pairs != NULL; pairs += 2)
        setenv(pairs[0], pairs[1], 1);
}

static const char *id_of(const char *const *pairs)
{
    static char id[JOB_ID_SIZE];

    set_environment(pairs);
    if (!job_id_from_environment(id))
        assert_string_equal(id, "");
    return id;
}

#define ID_OF(...) id_of((const char *const[]){__VA_ARGS__, NULL})

static void schedulers_are_told_apart(void **state)
{
    (void)state;
    assert_string_equal(ID_OF("HOME", "/"), "");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4711"), "slurm:4711");
    assert_string_equal(ID_OF("LSB_JOBID", "17", "LSB_JOBINDEX", "0"), "lsf:17");
    assert_string_equal(ID_OF("PBS_JOBID", "99.head"), "pbs:99.head");
    assert_string_equal(ID_OF("JOB_ID", "55", "SGE_TASK_ID", "undefined"), "sge:55");
    assert_string_equal(ID_OF("JOB_ID", "55", "SGE_ROOT", "/opt/sge"), "sge:55");
}

static void parts_of_jobs_have_ids_of_their_own(void **state)
{
    (void)state;
    assert_string_equal(
        ID_OF("SLURM_JOB_ID", "4714", "SLURM_ARRAY_JOB_ID", "4711", "SLURM_ARRAY_TASK_ID", "3"),
        "slurm:4711_3");
    assert_string_equal(
        ID_OF("SLURM_JOB_ID", "4712", "SLURM_HET_JOB_ID", "4711", "SLURM_HET_JOB_OFFSET", "1"),
        "slurm:4711+1");
    assert_string_equal(ID_OF("LSB_JOBID", "17", "LSB_JOBINDEX", "4"), "lsf:17[4]");
    assert_string_equal(ID_OF("JOB_ID", "55", "SGE_TASK_ID", "7"), "sge:55.7");
}

static void clusters_of_slurm_are_told_apart(void **state)
{
    (void)state;
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4711", "SLURM_CLUSTER_NAME", "lab"),
                        "slurm:4711@lab");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4714", "SLURM_ARRAY_JOB_ID", "4711",
                              "SLURM_ARRAY_TASK_ID", "3", "SLURM_CLUSTER_NAME", "lab"),
                        "slurm:4711_3@lab");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4712", "SLURM_HET_JOB_ID", "4711",
                              "SLURM_HET_JOB_OFFSET", "1", "SLURM_CLUSTER_NAME", "lab"),
                        "slurm:4711+1@lab");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4711", "SLURM_CLUSTER_NAME", "l b"), "slurm:4711");
}

static void an_epilog_knows_every_id_of_its_job(void **state)
{
    static const char *const task[] = {"SLURM_JOB_ID",
                                       "4714",
                                       "SLURM_ARRAY_JOB_ID",
                                       "4711",
                                       "SLURM_ARRAY_TASK_ID",
                                       "3",
                                       "SLURM_CLUSTER_NAME",
                                       "lab",
                                       NULL};
    static const char *const component[] = {
        "SLURM_JOB_ID", "4712", "SLURM_HET_JOB_ID", "4711", "SLURM_HET_JOB_OFFSET", "1", NULL};
    static const char *const none[] = {NULL};
    char ids[JOB_ID_SLURM_NAMES][JOB_ID_SIZE];

    (void)state;
    set_environment(task);
    assert_int_equal(job_id_all_of_slurm(ids), 2);
    assert_string_equal(ids[0], "slurm:4714@lab");
    assert_string_equal(ids[1], "slurm:4711_3@lab");
    set_environment(component);
    assert_int_equal(job_id_all_of_slurm(ids), 2);
    assert_string_equal(ids[0], "slurm:4712");
    assert_string_equal(ids[1], "slurm:4711+1");
    set_environment(none);
    assert_int_equal(job_id_all_of_slurm(ids), 0);
}

static void what_cannot_be_an_id_is_none(void **state)
{
    char huge[100];

    (void)state;
    memset(huge, '1', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_string_equal(ID_OF("SLURM_JOB_ID", ""), "");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "1\nLOCK"), "");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "1 2"), "");
    assert_string_equal(ID_OF("SLURM_JOB_ID", huge), "");
    assert_string_equal(ID_OF("JOB_ID", "55"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedulers_are_told_apart),
        cmocka_unit_test(parts_of_jobs_have_ids_of_their_own),
        cmocka_unit_test(clusters_of_slurm_are_told_apart),
        cmocka_unit_test(an_epilog_knows_every_id_of_its_job),
        cmocka_unit_test(what_cannot_be_an_id_is_none),
    };

    return cmocka_run_group_tests_name("job_id", tests, NULL, NULL);
}
