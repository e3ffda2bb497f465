/* Job ids from the environments of schedulers.
 * Must not need a scheduler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/gridengine_id.h"
#include "job/job_id.h"

/* Makes an environment of these NAME, VALUE pairs without any other scheduler's. */
static void set_environment(const char *const *pairs)
{
    static const char *const variables[] = {"SLURM_JOB_ID",
                                            "SLURM_ARRAY_JOB_ID",
                                            "SLURM_ARRAY_TASK_ID",
                                            "SLURM_HET_JOB_ID",
                                            "SLURM_HET_JOB_OFFSET",
                                            "SLURM_CLUSTER_NAME",
                                            "SLURMD_NODENAME",
                                            "LSB_JOBID",
                                            "LSB_JOBINDEX",
                                            "PBS_JOBID",
                                            "JOB_ID",
                                            "SGE_TASK_ID",
                                            "SGE_ROOT",
                                            "SGE_CELL",
                                            "SGE_CLUSTER_NAME"};

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
        "slurm:4711_3=4714");
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
                        "slurm:4711_3=4714@lab");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4712", "SLURM_HET_JOB_ID", "4711",
                              "SLURM_HET_JOB_OFFSET", "1", "SLURM_CLUSTER_NAME", "lab"),
                        "slurm:4711+1@lab");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "4711", "SLURM_CLUSTER_NAME", "l b"), "slurm:4711");
}

static void cells_of_grid_engine_are_told_apart(void **state)
{
    (void)state;
    assert_string_equal(ID_OF("JOB_ID", "5", "SGE_CELL", "default"), "sge:5");
    assert_string_equal(ID_OF("JOB_ID", "5", "SGE_TASK_ID", "3", "SGE_CELL", "west"),
                        "sge:5.3@west");
    assert_string_equal(
        ID_OF("JOB_ID", "5", "SGE_CELL", "default", "SGE_CLUSTER_NAME", "lab", "SGE_TASK_ID", "3"),
        "sge:5.3@lab");
    assert_string_equal(ID_OF("JOB_ID", "5", "SGE_CELL", "default", "SGE_CLUSTER_NAME", "l b"),
                        "sge:5");
}

static void ids_with_their_scheduler_are_whole(void **state)
{
    static const char *const good[] = {"sge:5.3@lab", "lsf:7[3]", "pbs:123[4].server",
                                       "condor:12.0", "slurm:x",  "a-b_9:*"};
    static const char *const bad[] = {"",        "5",     "sge:",        ":5",          "Sge:5",
                                      "sge:5 6", "s e:5", "sge:5\x1b[m", "sge:\xc3\xa9"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(job_id_is_whole(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(job_id_is_whole(bad[i]));
}

static void ids_of_grid_engine_are_taken_apart(void **state)
{
    static const char *const bad[] = {"sge:",   "sge:0",   "sge:5.", "sge:5.0",   "sge:5.3@",
                                      "5.3",    "lsf:5",   "sge:5x", "sge:5.3.1", "sge:99999999999",
                                      "sge:-5", "sge:5.3 "};
    struct gridengine_job job = {0};

    (void)state;
    assert_true(gridengine_id_parse("sge:5", &job));
    assert_int_equal(job.id, 5);
    assert_int_equal(job.task, 0);
    assert_string_equal(job.cluster, "");
    assert_true(gridengine_id_parse("sge:5.3@lab", &job));
    assert_int_equal(job.task, 3);
    assert_string_equal(job.cluster, "lab");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(gridengine_id_parse(bad[i], &job));
    assert_int_equal(job.task, 3);
}

static void a_component_knows_itself_by_its_node(void **state)
{
    char variable[64];

    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(variable, sizeof variable, "SLURM_JOB_ID_HET_GROUP_%d", i);
        setenv(variable, (const char *[]){"7", "8", "9"}[i], 1);
        snprintf(variable, sizeof variable, "SLURM_JOB_NODELIST_HET_GROUP_%d", i);
        setenv(variable, (const char *[]){"n1", "a,n[2-3],b", "n[4-5]"}[i], 1);
    }
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n1"), "slurm:7+0");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n3"), "slurm:7+1");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "9", "SLURMD_NODENAME", "n5"), "slurm:7+2");
    /* On a login node, on a node that several have, and in a job that one of them submitted. */
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7"), "slurm:7");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n9"), "slurm:7");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "10", "SLURMD_NODENAME", "n1"), "slurm:10");
    setenv("SLURM_JOB_NODELIST_HET_GROUP_2", "n[1-4]", 1);
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n1"), "slurm:7");
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n4"), "slurm:7+2");
    setenv("SLURM_JOB_NODELIST_HET_GROUP_2", "n[4", 1);
    assert_string_equal(ID_OF("SLURM_JOB_ID", "7", "SLURMD_NODENAME", "n1"), "slurm:7");
    for (int i = 0; i < 3; i++) {
        snprintf(variable, sizeof variable, "SLURM_JOB_ID_HET_GROUP_%d", i);
        unsetenv(variable);
        snprintf(variable, sizeof variable, "SLURM_JOB_NODELIST_HET_GROUP_%d", i);
        unsetenv(variable);
    }
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
    assert_int_equal(job_id_all_of_slurm(ids), 3);
    assert_string_equal(ids[0], "slurm:4714@lab");
    assert_string_equal(ids[1], "slurm:4711_3=4714@lab");
    assert_string_equal(ids[2], "slurm:4711_3@lab");
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

static void a_job_covers_its_parts_and_no_other(void **state)
{
    static const struct {
        const char *wanted, *id;
        bool covers;
    } cases[] = {
        {"4711", "slurm:4711_3=4714@lab", true},
        {"4711_3", "slurm:4711_3=4714@lab", true},
        {"4714", "slurm:4711_3=4714@lab", true},
        {"slurm:4714@lab", "slurm:4711_3=4714@lab", true},
        {"4711", "slurm:4711+1", true},
        {"4711", "lsf:4711[4]", true},
        {"lsf:4711", "lsf:4711[4]", true},
        {"99", "pbs:99[2].head", true},
        {"pbs:99[2]", "pbs:99[2].head", true},
        {"55.7", "sge:55.7", true},
        {"odd", "odd", true},
        {"471", "slurm:4711", false},
        {"47110", "slurm:4711", false},
        {"4711_30", "slurm:4711_3=4714@lab", false},
        {"4714_3", "slurm:4711_3=4714@lab", false},
        {"slurm:4711", "lsf:4711[4]", false},
        {"slurm", "slurm:4711", false},
        {"slurm:", "slurm:4711", false},
        {"4711@lab", "slurm:4711", false},
        {"4711@lab", "slurm:4711@den", false},
        {"@lab", "slurm:4711@lab", false},
        {"lab", "slurm:4711@lab", false},
        {"@lab:5", "slurm:5@lab:5", false},
        {"4711", "4711_3", false},
        {"", "slurm:4711", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (job_id_covers(cases[i].wanted, cases[i].id) != cases[i].covers)
            fail_msg("'%s' and '%s'", cases[i].wanted, cases[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedulers_are_told_apart),
        cmocka_unit_test(parts_of_jobs_have_ids_of_their_own),
        cmocka_unit_test(clusters_of_slurm_are_told_apart),
        cmocka_unit_test(cells_of_grid_engine_are_told_apart),
        cmocka_unit_test(ids_with_their_scheduler_are_whole),
        cmocka_unit_test(ids_of_grid_engine_are_taken_apart),
        cmocka_unit_test(a_component_knows_itself_by_its_node),
        cmocka_unit_test(an_epilog_knows_every_id_of_its_job),
        cmocka_unit_test(what_cannot_be_an_id_is_none),
        cmocka_unit_test(a_job_covers_its_parts_and_no_other),
    };

    return cmocka_run_group_tests_name("job_id", tests, NULL, NULL);
}
