/* The store when the power fails: what was told to be safe was synced, and is there afterwards.
 * Must not leave a file behind. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_vfs.h"
#include "power_cut.h"
#include "store_fixture.h"

enum {
    RUNS = 60,
    SLOW_RUNS = 6,
    LONG_RUNS = 600,
    BATCHES = 60,
    MANY_BATCHES = 700, /* so that the log is copied meanwhile, and begins anew */
    SYNC_US = 400,
    UNDER_WAY = 8, /* at most, as clients wait for their answers */
};

static bool is_slow(void)
{
    return getenv("FARMLOCK_SLOW") != NULL;
}

static int64_t held_count(const struct store_fixture *fixture)
{
    int64_t lines = 0;

    for (const char *c = fixture->restored; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

/* Batches of one lock more each, until `count` are submitted; returns how many are safe, as was
 * told before the power fails. */
static uint64_t take_locks(struct store_fixture *fixture, uint64_t count)
{
    struct store_progress progress = {0};
    uint64_t submitted = 0;
    char name[16];

    while (submitted < count) {
        snprintf(name, sizeof name, "l%d", (int)submitted);
        store_fixture_ask(fixture, name, name);
        submitted = store_fixture_commit(fixture);
        store_progress(fixture->store, &progress);
        if (submitted > progress.committed + UNDER_WAY)
            progress = store_fixture_wait(fixture->store, submitted - UNDER_WAY / 2);
        assert_false(progress.failed);
    }
    return progress.committed;
}

/* What is left is looked at in a copy, as the store goes on with its own. */
static void lose_power(struct store_fixture *fixture, uint64_t count)
{
    char before[sizeof fixture->path];
    uint64_t told;

    fixture->durability = STORE_DURABLE_POWER;
    power_cut_follow(SYNC_US);
    store_fixture_begin(fixture);
    told = take_locks(fixture, count);
    strcpy(before, fixture->path);
    snprintf(fixture->path, sizeof fixture->path, "%s/cut.db", fixture->folder);
    power_cut(before, fixture->path);
    store_close(fixture->store);
    power_cut_follow(-1);
    store_fixture_begin(fixture);
    assert_true(held_count(fixture) >= (int64_t)told);
    assert_true(held_count(fixture) <= (int64_t)count);
}

static void lose_power_once(uint64_t count)
{
    void *own;

    store_fixture_setup(&own);
    lose_power(own, count);
    store_fixture_teardown(&own);
    power_cut_forget();
}

static void what_was_told_is_there_when_the_power_has_failed(void **state)
{
    int runs = is_slow() ? SLOW_RUNS : getenv("FARMLOCK_LONG") != NULL ? LONG_RUNS : RUNS;

    (void)state;
    for (int i = 0; i < runs; i++)
        lose_power_once(1 + (uint64_t)(random() % BATCHES));
}

static void a_log_that_begins_anew_loses_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < (is_slow() ? 1 : 4); i++)
        lose_power_once(MANY_BATCHES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_is_there_when_the_power_has_failed),
        cmocka_unit_test(a_log_that_begins_anew_loses_nothing),
    };

    failing_vfs_install();
    return cmocka_run_group_tests_name("store_power", tests, NULL, NULL);
}
