/* Which seats are outside of Slurm, and how Slurm writes that.
 * Must not need Slurm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "job/slurm_id.h"
#include "scheduler/seat_map.h"

static void add(struct seat_maps *maps, const char *text, uint32_t total)
{
    char error[256];

    assert_int_equal(seat_maps_add(maps, text, error, sizeof error), 0);
    maps->maps[maps->count - 1].total = total;
}

/* Of Slurm's cluster "lab"; ids without a cluster are of it too where `context` is not NULL. */
static bool is_inside(const void *context, const char *text)
{
    struct slurm_job job;

    if (!slurm_id_is_ours(text) || !slurm_id_parse(text, &job))
        return false;
    return job.cluster[0] != '\0' ? strcasecmp(job.cluster, "lab") == 0 : context != NULL;
}

static const char *counted(struct seat_maps *maps, struct job_claim *list, size_t count, bool bare)
{
    static char text[SEAT_TEXT_SIZE];
    const struct job_claims claims = {.claims = list, .count = count};

    seat_maps_count(maps, &claims, is_inside, bare ? "" : NULL);
    seat_maps_format(maps, text);
    return text;
}

static void what_this_clusters_jobs_hold_does_not_count(void **state)
{
    struct job_claim claims[] = {
        {.lock = "vcs1", .owner = "desk"},
        {.lock = "vcs2", .owner = "o", .job = "slurm:7@lab"},
        {.lock = "vcs3", .owner = "o", .job = "slurm:7_1@LAB"},
        {.lock = "vcs4", .owner = "o", .job = "slurm:7@fab"},
        {.lock = "vcs5", .owner = "o", .job = "lsf:7"},
        {.lock = "vcs6", .owner = "o", .job = "slurm:7"},
        {.lock = "vcs7", .owner = "o", .job = "slurm:7;@lab"},
        {.lock = "vcs9", .owner = "desk"},
        {.lock = NULL, .owner = "waits"},
        {.lock = "hsim", .owner = "desk"},
    };
    const size_t count = sizeof claims / sizeof *claims;
    struct seat_maps maps = {.count = 0};

    (void)state;
    add(&maps, "vcs=vcs[1-8]", 8);
    add(&maps, "gold=g", 1);
    add(&maps, "hsim=hsim:emulator", 2);
    assert_string_equal(counted(&maps, claims, count, false), "vcs:5,hsim:1");
    assert_string_equal(counted(&maps, claims, count, true), "vcs:4,hsim:1");
    assert_string_equal(counted(&maps, claims, 0, true), "");
    maps.maps[0].total = 2;
    maps.maps[2].total = 0;
    assert_string_equal(counted(&maps, claims, count, false), "vcs:2");
    seat_maps_fini(&maps);
}

static void slurms_text_is_compared_by_what_it_means(void **state)
{
    struct seat_maps maps = {.count = 0};

    (void)state;
    add(&maps, "vcs=v", 8);
    add(&maps, "hsim=h", 8);
    assert_true(seat_maps_equal(&maps, ""));
    assert_false(seat_maps_equal(&maps, "vcs:1"));
    maps.maps[0].outside = 3;
    maps.maps[1].outside = 1;
    assert_true(seat_maps_equal(&maps, "vcs:3,hsim:1"));
    assert_true(seat_maps_equal(&maps, "hsim,vcs:3"));
    assert_false(seat_maps_equal(&maps, ""));
    assert_false(seat_maps_equal(&maps, "vcs:3"));
    assert_false(seat_maps_equal(&maps, "vcs:3,hsim:2"));
    assert_false(seat_maps_equal(&maps, "vcs:3,hsim:1,gold:1"));
    assert_false(seat_maps_equal(&maps, "vcs:3,hsim:x"));
    assert_false(seat_maps_equal(&maps, "vcs:3,hsim:11111111111111111111"));
    assert_false(seat_maps_equal(&maps, ":,,"));
    seat_maps_fini(&maps);
}

static const char *counted_short(struct seat_maps *maps, struct job_claim *list, size_t count)
{
    static char text[SEAT_TEXT_SIZE];

    counted(maps, list, count, false);
    seat_maps_format_short(maps, text);
    return text;
}

static void licenses_that_do_not_suffice_are_named(void **state)
{
    struct job_claim claims[] = {
        {.lock = "v1", .owner = "desk"},
        {.lock = "v2", .owner = "desk"},
        {.lock = "h1", .owner = "desk"},
        {.lock = "h2", .owner = "desk"},
    };
    struct seat_maps maps = {.count = 0};

    (void)state;
    add(&maps, "vcs=v[1-3]", 2);
    add(&maps, "hsim=h[1-3]", 1);
    assert_string_equal(counted_short(&maps, claims, 4), "hsim 1 of 3");
    assert_int_equal(maps.maps[1].outside, 1);
    maps.maps[0].total = 1;
    assert_string_equal(counted_short(&maps, claims, 4), "vcs 1 of 3, hsim 1 of 3");
    assert_string_equal(counted_short(&maps, claims, 3), "vcs 1 of 3");
    assert_string_equal(counted_short(&maps, claims, 0), "");
    seat_maps_fini(&maps);
}

static void wrong_maps_are_refused_and_change_nothing(void **state)
{
    static const char *const wrong[] = {"",        "vcs",   "=v",    "vcs=",     "vcs=a[1",
                                        "vcs:2=v", "v s=v", "v\n=v", "vcs=a::b", "a,b=v"};
    struct seat_maps maps = {.count = 0};
    char error[256], text[80];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(seat_maps_add(&maps, wrong[i], error, sizeof error), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(maps.count, 0);
    }
    assert_int_equal(seat_maps_add(&maps, "vcs=", error, sizeof error), -1);
    assert_string_equal(error, "vcs=: no name at character 1 of \"\"");
    memset(text, 'x', SEAT_LICENSE_SIZE);
    strcpy(text + SEAT_LICENSE_SIZE, "=v");
    assert_int_equal(seat_maps_add(&maps, text, error, sizeof error), -1);
    for (int i = 0; i < SEAT_MAPS_MAX; i++) {
        snprintf(text, sizeof text, "l%d=v", i);
        add(&maps, text, 1);
    }
    assert_int_equal(seat_maps_add(&maps, "l7=w", error, sizeof error), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(seat_maps_add(&maps, "more=v", error, sizeof error), -1);
    assert_int_equal(errno, E2BIG);
    seat_maps_fini(&maps);
}

static void the_longest_text_fits(void **state)
{
    struct seat_maps maps = {.count = 0};
    char text[SEAT_TEXT_SIZE], license[SEAT_LICENSE_SIZE + 8];

    (void)state;
    for (int i = 0; i < SEAT_MAPS_MAX; i++) {
        memset(license, 'x', SEAT_LICENSE_SIZE - 1);
        strcpy(license + SEAT_LICENSE_SIZE - 1, "=v");
        license[0] = (char)('0' + i / 10);
        license[1] = (char)('0' + i % 10);
        add(&maps, license, UINT32_MAX);
        maps.maps[i].outside = UINT32_MAX;
        maps.maps[i].is_short = true;
    }
    seat_maps_format_short(&maps, text);
    assert_true(strlen(text) >= SEAT_MAPS_MAX * SEAT_LICENSE_SIZE &&
                strlen(text) <= SEAT_TEXT_SIZE - 1);
    seat_maps_format(&maps, text);
    assert_int_equal(strlen(text), SEAT_MAPS_MAX * (SEAT_LICENSE_SIZE + 11) - 1);
    assert_true(seat_maps_equal(&maps, text));
    seat_maps_fini(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_this_clusters_jobs_hold_does_not_count),
        cmocka_unit_test(slurms_text_is_compared_by_what_it_means),
        cmocka_unit_test(licenses_that_do_not_suffice_are_named),
        cmocka_unit_test(wrong_maps_are_refused_and_change_nothing),
        cmocka_unit_test(the_longest_text_fits),
    };

    return cmocka_run_group_tests_name("seat_map", tests, NULL, NULL);
}
