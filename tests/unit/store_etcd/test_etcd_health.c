/* What is said of an etcd's version, room and alarms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/etcd/health.h"

static bool has(const char *version, const char *word)
{
    char text[1024] = "";

    return etcd_health_faults(version, text, sizeof text) && strstr(text, word) != NULL;
}

static void versions_without_known_faults_are_not_warned_of(void **state)
{
    static const char *const versions[] = {"3.5.28", "3.5.33", "3.6.9",
                                           "3.6.11", "4.0.0",  "3.4.45"};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        assert_false(etcd_health_faults(versions[i], text, sizeof text));
}

static void each_fault_is_of_its_versions(void **state)
{
    (void)state;
    assert_true(has("3.5.2", "may come to differ"));
    assert_false(has("3.5.3", "may come to differ"));
    assert_false(has("3.4.20", "may come to differ"));
    assert_true(has("3.4.23", "as if it led (mended in 3.4.31)"));
    assert_false(has("3.4.31", "as if it led"));
    assert_true(has("3.5.12", "as if it led (mended in 3.5.13)"));
    assert_false(has("3.5.13", "as if it led"));
    assert_true(has("3.5.16", "done in part"));
    assert_false(has("3.5.17", "done in part"));
    assert_true(has("3.4.41", "nested transactions (mended in 3.4.42)"));
    assert_true(has("3.5.27", "nested transactions (mended in 3.5.28)"));
    assert_true(has("3.6.0", "nested transactions (mended in 3.6.9)"));
    assert_true(has("3.6.8", "nested transactions (mended in 3.6.9)"));
    assert_false(has("3.5.27", "mended in 3.6.9)"));
    assert_true(has("3.5.16-rc.1", "done in part"));
    assert_true(has("3.4.23", "3.5.28, 3.6.9 and later have none of these"));
}

static void what_is_no_version_is_not_judged(void **state)
{
    char text[1024];

    (void)state;
    assert_false(etcd_health_faults("", text, sizeof text));
    assert_false(etcd_health_faults("not yet known", text, sizeof text));
    assert_false(etcd_health_faults("3.5", text, sizeof text));
    assert_false(etcd_health_faults("99999999999999999999.1.1", text, sizeof text));
}

static void a_text_that_is_too_long_is_cut(void **state)
{
    char text[40];

    (void)state;
    assert_true(etcd_health_faults("3.5.0", text, sizeof text));
    assert_int_equal(strlen(text), sizeof text - 1);
}

static void the_quota_is_etcds_or_the_administrators_or_the_usual(void **state)
{
    const struct etcd_status tells = {.quota_bytes = 1000}, silent = {0};

    (void)state;
    assert_int_equal(etcd_health_quota(&tells, 2000), 1000);
    assert_int_equal(etcd_health_quota(&silent, 2000), 2000);
    assert_int_equal(etcd_health_quota(&silent, 0), INT64_C(2) << 30);
}

static void an_alarm_comes_with_what_to_do(void **state)
{
    (void)state;
    assert_non_null(strstr(etcd_health_advice("memberID:1 alarm:NOSPACE"), "defragmented"));
    assert_non_null(strstr(etcd_health_advice("memberID:1 alarm:CORRUPT"), "differ"));
    assert_string_equal(etcd_health_advice("etcdserver: no leader"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_without_known_faults_are_not_warned_of),
        cmocka_unit_test(each_fault_is_of_its_versions),
        cmocka_unit_test(what_is_no_version_is_not_judged),
        cmocka_unit_test(a_text_that_is_too_long_is_cut),
        cmocka_unit_test(the_quota_is_etcds_or_the_administrators_or_the_usual),
        cmocka_unit_test(an_alarm_comes_with_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
