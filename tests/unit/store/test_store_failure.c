/* The store on a disk that fails: nothing that was committed is lost.
 * Must not leave a file behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_vfs.h"
#include "store_fixture.h"

enum { FAILING_RUNS = 150, SLOW_FAILING_RUNS = 15, LONG_FAILING_RUNS = 3000 };

static int64_t held_count(const struct store_fixture *fixture)
{
    int64_t lines = 0;

    for (const char *c = fixture->restored; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

/* Each batch takes one lock more: how many come back says which batch was the last. */
static void fail_once(struct store_fixture *fixture, long after)
{
    struct store_progress progress = {0};
    uint64_t submitted = 0;
    char name[16];

    failing_vfs_fail_after(after);
    while (!progress.failed && submitted < 1000) {
        snprintf(name, sizeof name, "l%d", (int)submitted);
        store_fixture_ask(fixture, name, name);
        submitted = store_fixture_commit(fixture);
        if (submitted % 3 == 0)
            progress = store_fixture_wait(fixture->store, submitted);
    }
    progress = store_fixture_wait(fixture->store, submitted);
    assert_true(progress.failed);
    assert_true(progress.error[0] != '\0');
    store_close(fixture->store);
    fixture->store = NULL;
    failing_vfs_fail_after(-1);
    store_fixture_begin(fixture);
    assert_true(held_count(fixture) >= (int64_t)progress.committed);
    assert_true(held_count(fixture) <= (int64_t)submitted);
    assert_true((int64_t)fixture->loaded.next_token > held_count(fixture));
}

static void writes_that_fail_lose_nothing_that_was_committed(void **state)
{
    int runs = getenv("FARMLOCK_SLOW") != NULL   ? SLOW_FAILING_RUNS
               : getenv("FARMLOCK_LONG") != NULL ? LONG_FAILING_RUNS
                                                 : FAILING_RUNS;

    (void)state;
    for (int i = 0; i < runs; i++) {
        void *own;
        struct store_fixture *fixture;

        store_fixture_setup(&own);
        fixture = own;
        fixture->durability = i % 2 == 0 ? STORE_DURABLE_PROCESS : STORE_DURABLE_POWER;
        store_fixture_begin(fixture);
        fail_once(fixture, i < 60 ? i : random() % 400);
        store_fixture_teardown(&own);
    }
}

static void a_store_that_failed_stays_so(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_progress progress;

    store_fixture_begin(fixture);
    failing_vfs_fail_after(0);
    store_fixture_ask(fixture, "ann", "a");
    assert_true(store_fixture_wait(fixture->store, store_fixture_commit(fixture)).failed);
    failing_vfs_fail_after(-1);
    store_fixture_ask(fixture, "bob", "b");
    store_fixture_commit(fixture);
    usleep(20000);
    store_progress(fixture->store, &progress);
    assert_true(progress.failed);
    assert_int_equal(progress.committed, 0);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, "");
}

static void loading_again_makes_a_failed_store_usable(void **state)
{
    struct store_fixture *fixture = *state;
    struct lock_table *table = lock_table_create(store_fixture_event, fixture);

    store_fixture_begin(fixture);
    store_fixture_ask(fixture, "ann", "a");
    store_fixture_commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    failing_vfs_fail_after(0);
    store_fixture_ask(fixture, "bob", "b");
    assert_true(store_fixture_wait(fixture->store, store_fixture_commit(fixture)).failed);
    fixture->loaded.context = table;
    assert_int_equal(store_load(fixture->store, &fixture->loaded, fixture->error), 0);
    store_model_describe(table, fixture->restored);
    lock_table_destroy(table);
    assert_string_equal(fixture->restored, fixture->live);
    store_batch_probe(fixture->batch);
    assert_true(store_fixture_wait(fixture->store, store_fixture_commit(fixture)).failed);
    failing_vfs_fail_after(-1);
    table = lock_table_create(store_fixture_event, fixture);
    fixture->loaded.context = table;
    assert_int_equal(store_load(fixture->store, &fixture->loaded, fixture->error), 0);
    lock_table_destroy(table);
    store_batch_probe(fixture->batch);
    store_fixture_commit_safely(fixture);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_that_fail_lose_nothing_that_was_committed),
        STORE_FIXTURE_TEST(a_store_that_failed_stays_so),
        STORE_FIXTURE_TEST(loading_again_makes_a_failed_store_usable),
    };

    failing_vfs_install();
    return cmocka_run_group_tests_name("store_failure", tests, NULL, NULL);
}
