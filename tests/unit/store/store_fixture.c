/* A store under test.
 * Must not hide a failure: what goes wrong here fails the test. */
#include "store_fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void store_fixture_event(void *context, const struct lock_event *event)
{
    struct store_fixture *fixture = context;

    store_batch_event(fixture->batch, event, NULL);
}

int store_fixture_setup(void **state)
{
    struct store_fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    strcpy(fixture->folder, "/tmp/farmlock-test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/a/state.db", fixture->folder);
    fixture->now_ms = 1000;
    fixture->durability = STORE_DURABLE_PROCESS;
    fixture->table = lock_table_create(store_fixture_event, fixture);
    fixture->batch = store_batch_create();
    *state = fixture;
    return 0;
}

int store_fixture_teardown(void **state)
{
    struct store_fixture *fixture = *state;
    char command[128];

    store_close(fixture->store);
    store_batch_destroy(fixture->batch);
    lock_table_destroy(fixture->table);
    snprintf(command, sizeof command, "rm -rf %s", fixture->folder);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static int restore_record(void *table, const struct lock_record *record)
{
    return lock_table_restore(table, record) != NULL ? 0 : -1;
}

struct store *store_fixture_try_open(struct store_fixture *fixture, int64_t history_ms)
{
    const struct store_options options = {
        .path = fixture->path, .durability = fixture->durability, .history_ms = history_ms};

    return store_open(&options, fixture->error);
}

int store_fixture_load(struct store_fixture *fixture, int64_t history_ms)
{
    struct lock_table *table = lock_table_create(store_fixture_event, fixture);
    int result = -1;

    fixture->loaded = (struct store_loader){.context = table, .on_request = restore_record};
    fixture->store = store_fixture_try_open(fixture, history_ms);
    if (fixture->store != NULL)
        result = store_load(fixture->store, &fixture->loaded, fixture->error);
    if (result == 0)
        store_model_describe(table, fixture->restored);
    lock_table_destroy(table);
    return result;
}

void store_fixture_begin(struct store_fixture *fixture)
{
    if (store_fixture_load(fixture, INT64_MAX / 2) != 0)
        fail_msg("%s", fixture->error);
}

uint64_t store_fixture_commit(struct store_fixture *fixture)
{
    uint64_t number = store_commit(fixture->store, fixture->batch);

    fixture->batch = store_batch_create();
    assert_non_null(fixture->batch);
    return number;
}

struct store_progress store_fixture_wait(struct store *store, uint64_t number)
{
    struct pollfd news = {.fd = store_fd(store), .events = POLLIN};
    struct store_progress progress;

    for (;;) {
        store_progress(store, &progress);
        if (progress.committed >= number || progress.failed)
            return progress;
        assert_true(poll(&news, 1, 60000) > 0);
    }
}

void store_fixture_commit_safely(struct store_fixture *fixture)
{
    uint64_t number = store_fixture_commit(fixture);

    assert_true(store_fixture_wait(fixture->store, number).committed >= number);
}

void store_fixture_come_back(struct store_fixture *fixture)
{
    store_close(fixture->store);
    store_fixture_begin(fixture);
}

void store_fixture_ask(struct store_fixture *fixture, const char *owner, const char *name)
{
    const struct lock_group group = {.names = &name, .name_count = 1, .count = 1};
    const struct lock_ask request = {
        .owner = owner, .groups = &group, .group_count = 1, .wait = true};

    lock_table_request(fixture->table, &request, fixture->now_ms);
}

void store_fixture_release(struct store_fixture *fixture, const char *owner, const char *name)
{
    lock_table_unlock(fixture->table, owner, &name, 1, fixture->now_ms, NULL);
}
