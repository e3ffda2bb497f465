/* When a job has lost its claim, and how far back.
 * Must not need Slurm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockreap/rule.h"

/* The list was made at second 10,000; clocks may differ by 60 s, Slurm remembers for 300 s. */
static const struct reap_terms terms = {
    .listed_ms = 10000000, .skew_ms = 60000, .memory_ms = 300000};

static int64_t bound_of(enum job_phase phase, uint32_t restarts, int64_t submit_s, int64_t start_s)
{
    const struct job_standing job = {
        .phase = phase, .restarts = restarts, .submit_s = submit_s, .start_s = start_s};

    return rule_bound_ms(&job, &terms);
}

static void of_a_job_that_is_over_all_that_was_listed_is_left(void **state)
{
    (void)state;
    assert_int_equal(bound_of(JOB_PHASE_OVER, 0, 5000, 6000), 10000000);
    assert_int_equal(bound_of(JOB_PHASE_OVER, 3, 5000, 6000), 10000000);
}

static void a_job_that_waits_again_has_lost_its_run_and_one_that_never_ran_has_none(void **state)
{
    (void)state;
    assert_int_equal(bound_of(JOB_PHASE_WAITING, 1, 5000, 20000), 10000000);
    assert_int_equal(bound_of(JOB_PHASE_WAITING, 0, 5000, 20000), 0);
}

static void a_live_job_keeps_what_its_present_run_can_have_asked_for(void **state)
{
    (void)state;
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, 6000), 5940000);
    /* The start of a first run moves while its nodes boot. */
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 0, 5000, 6000), 4940000);
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 0, 0, 6000), 0);
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, 0), 0);
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, 60), 0);
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, -1), 0);
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, INT64_MAX), 0);
    /* Slurm's clock is far ahead: what came behind the list was not looked at. */
    assert_int_equal(bound_of(JOB_PHASE_LIVE, 1, 5000, 99999), 10000000);
}

static void a_job_that_is_not_known_loses_what_is_older_than_slurms_memory(void **state)
{
    const struct job_standing job = {.phase = JOB_PHASE_FORGOTTEN};
    const struct reap_terms young = {.listed_ms = 1000, .memory_ms = 300000};

    (void)state;
    assert_int_equal(bound_of(JOB_PHASE_FORGOTTEN, 0, 0, 0), 9700000);
    assert_int_equal(rule_bound_ms(&job, &young), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_job_that_is_over_all_that_was_listed_is_left),
        cmocka_unit_test(a_job_that_waits_again_has_lost_its_run_and_one_that_never_ran_has_none),
        cmocka_unit_test(a_live_job_keeps_what_its_present_run_can_have_asked_for),
        cmocka_unit_test(a_job_that_is_not_known_loses_what_is_older_than_slurms_memory),
    };

    return cmocka_run_group_tests_name("reap_rule", tests, NULL, NULL);
}
