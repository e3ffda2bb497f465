/* The store: what is committed comes back, and in order.
 * Must not leave a file behind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store_fixture.h"

enum { COUNTERS_AHEAD_MOST = 1000 };

/* What a query of one number finds that is asked beside the store. */
static int64_t read_number(const struct store_fixture *fixture, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    int64_t number;

    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    number = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return number;
}

static int64_t count_history(const struct store_fixture *fixture)
{
    return read_number(fixture, "SELECT count(*) FROM history");
}

static int64_t read_counter(const struct store_fixture *fixture, const char *name)
{
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT %s FROM state", name);
    return read_number(fixture, sql);
}

static void an_empty_store_has_nothing(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    assert_string_equal(fixture->restored, "");
    assert_int_equal(fixture->loaded.next_ticket, 1);
    assert_int_equal(fixture->loaded.next_token, 1);
    assert_string_equal(fixture->loaded.host, "");
}

static void what_was_committed_comes_back(void **state)
{
    struct store_fixture *fixture = *state;
    const char *names[] = {"a", "b", "c", "d"};
    const struct lock_group groups[] = {{.names = names, .name_count = 2, .count = 1},
                                        {.names = names + 2, .name_count = 2, .count = 2}};
    const struct lock_ask everything = {
        .owner = "host_1_ann",
        .groups = groups,
        .group_count = 2,
        .host = "h\xc3\xb6st",
        .pid = 4711,
        .start = UINT64_MAX,
        .boot = "boot",
        .pid_namespace = 4026531836,
        .job = "slurm:1",
        .wait = true,
        .autounlock = true,
        .hold_ms = 12345,
    };

    store_fixture_begin(fixture);
    store_fixture_ask(fixture, "first", "c");
    lock_table_request(fixture->table, &everything, fixture->now_ms);
    store_fixture_ask(fixture, "last", "a");
    store_batch_host(fixture->batch, "here");
    store_fixture_commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
    assert_true(fixture->loaded.next_ticket >= 4 &&
                fixture->loaded.next_ticket <= 4 + COUNTERS_AHEAD_MOST);
    assert_string_equal(fixture->loaded.host, "here");
    store_fixture_release(fixture, "first", "c");
    store_fixture_commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
    assert_true(fixture->loaded.next_token >= 3 &&
                fixture->loaded.next_token <= 3 + 2 * COUNTERS_AHEAD_MOST);
}

static void counters_outlive_the_requests(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    store_fixture_ask(fixture, "ann", "a");
    store_fixture_release(fixture, "ann", "a");
    store_fixture_commit_safely(fixture);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, "");
    assert_true(fixture->loaded.next_ticket >= 2 &&
                fixture->loaded.next_ticket <= 2 + COUNTERS_AHEAD_MOST);
    assert_true(fixture->loaded.next_token >= 2 &&
                fixture->loaded.next_token <= 2 + COUNTERS_AHEAD_MOST);
    store_batch_counters(fixture->batch, 100000, 50000);
    store_fixture_commit_safely(fixture);
    store_fixture_come_back(fixture);
    assert_true(fixture->loaded.next_ticket >= 100000 &&
                fixture->loaded.next_ticket <= 100000 + COUNTERS_AHEAD_MOST);
    assert_true(fixture->loaded.next_token >= 50000 &&
                fixture->loaded.next_token <= 50000 + COUNTERS_AHEAD_MOST);
}

/* The file is ahead of what is used by a fixed amount: it has to be written again in time. */
static void counters_stay_above_what_is_used(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    for (uint64_t used = 1; used <= 3 * COUNTERS_AHEAD_MOST; used++) {
        store_fixture_ask(fixture, "ann", "a");
        store_fixture_release(fixture, "ann", "a");
        if (used % 97 > 0)
            continue;
        store_fixture_commit_safely(fixture);
        assert_true(read_counter(fixture, "next_ticket") > (int64_t)used);
        assert_true(read_counter(fixture, "next_token") > (int64_t)used);
    }
}

static void closing_waits_for_what_was_submitted(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    for (int i = 0; i < 200; i++) {
        char owner[16];

        snprintf(owner, sizeof owner, "owner%d", i);
        store_fixture_ask(fixture, owner, "a");
        assert_int_equal(store_fixture_commit(fixture), i + 1);
    }
    store_model_describe(fixture->table, fixture->live);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
}

static void history_is_kept_and_trimmed(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    for (int i = 0; i < 1200; i++) {
        store_fixture_ask(fixture, "ann", "a");
        store_fixture_release(fixture, "ann", "a");
    }
    store_fixture_commit_safely(fixture);
    assert_int_equal(count_history(fixture), 1200);
    store_close(fixture->store);
    /* All of it is from 1970. */
    assert_int_equal(store_fixture_load(fixture, 1000), 0);
    store_batch_probe(fixture->batch);
    store_fixture_commit_safely(fixture);
    for (int i = 0; i < 1000 && count_history(fixture) > 0; i++)
        usleep(10000);
    assert_int_equal(count_history(fixture), 0);
}

/* A clock that was years ahead while the machine started. */
static void history_from_the_future_does_not_keep_what_is_old(void **state)
{
    enum { FUTURE = 600, OLD = 1200 };
    struct store_fixture *fixture = *state;
    int64_t now_ms = fixture->now_ms;

    store_fixture_begin(fixture);
    fixture->now_ms = INT64_C(8000000000) * 1000;
    for (int i = 0; i < FUTURE + OLD; i++) {
        if (i == FUTURE)
            fixture->now_ms = now_ms;
        store_fixture_ask(fixture, "ann", "a");
        store_fixture_release(fixture, "ann", "a");
    }
    store_fixture_commit_safely(fixture);
    assert_int_equal(count_history(fixture), FUTURE + OLD);
    store_close(fixture->store);
    assert_int_equal(store_fixture_load(fixture, 1000), 0);
    store_batch_probe(fixture->batch);
    store_fixture_commit_safely(fixture);
    for (int i = 0; i < 1000 && count_history(fixture) > FUTURE; i++)
        usleep(10000);
    assert_int_equal(count_history(fixture), FUTURE);
}

/* The line's time counts then, and not the wall clock's. */
static void history_is_trimmed_by_the_clock_that_was_told(void **state)
{
    struct store_fixture *fixture = *state;
    struct store_clock clock = {.boot = "boot", .base_ms = 7, .seen_ms = 900, .keep_until_ms = 0};
    uint64_t number;

    assert_int_equal(store_fixture_load(fixture, 1000), 0);
    store_fixture_ask(fixture, "ann", "a");
    store_fixture_release(fixture, "ann", "a"); /* at 1000 */
    store_batch_clock(fixture->batch, &clock);
    store_fixture_commit_safely(fixture);
    usleep(100000); /* it is trimmed after half of that */
    assert_int_equal(count_history(fixture), 1);
    store_close(fixture->store);
    assert_int_equal(store_fixture_load(fixture, 1000), 0);
    clock.seen_ms = 5000;
    store_batch_clock(fixture->batch, &clock);
    assert_false(store_batch_is_urgent(fixture->batch));
    number = store_fixture_commit(fixture);
    assert_true(store_fixture_wait(fixture->store, number).committed >= number);
    for (int i = 0; i < 1000 && count_history(fixture) > 0; i++)
        usleep(10000);
    assert_int_equal(count_history(fixture), 0);
}

static struct store_clock told;

static void note_clock(void *context, const struct store_clock *clock)
{
    (void)context;
    told = *clock;
}

static int refuse_request(void *context, const struct lock_record *record)
{
    (void)context;
    (void)record;
    fail();
    return -1;
}

static void the_clock_comes_back(void **state)
{
    struct store_fixture *fixture = *state;
    const struct store_clock clock = {.boot = "0f9dd3d5-6a5f-4c7c-8d3b-1f1d1e4b2a77",
                                      .base_ms = -7,
                                      .seen_ms = 9,
                                      .keep_until_ms = 11};
    struct store_loader loader = {.on_clock = note_clock, .on_request = refuse_request};

    store_fixture_begin(fixture);
    assert_int_equal(store_load(fixture->store, &loader, fixture->error), 0);
    assert_string_equal(told.boot, "");
    store_batch_clock(fixture->batch, &clock);
    store_fixture_commit_safely(fixture);
    assert_int_equal(store_load(fixture->store, &loader, fixture->error), 0);
    assert_string_equal(told.boot, clock.boot);
    assert_int_equal(told.base_ms, -7);
    assert_int_equal(told.seen_ms, 9);
    assert_int_equal(told.keep_until_ms, 11);
}

static void without_history_none_is_kept(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(store_fixture_load(fixture, 0), 0);
    store_fixture_ask(fixture, "ann", "a");
    store_fixture_release(fixture, "ann", "a");
    store_fixture_commit_safely(fixture);
    assert_int_equal(count_history(fixture), 0);
}

static void history_alone_is_not_urgent(void **state)
{
    struct store_fixture *fixture = *state;
    const struct store_history refused = {
        .past = STORE_PAST_REFUSED, .lock = "a b", .owner = "ann"};

    assert_true(store_batch_is_empty(fixture->batch));
    store_batch_history(fixture->batch, &refused);
    assert_false(store_batch_is_empty(fixture->batch));
    assert_false(store_batch_is_urgent(fixture->batch));
    store_fixture_ask(fixture, "ann", "a");
    assert_true(store_batch_is_urgent(fixture->batch));
}

static void one_file_has_one_store(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_begin(fixture);
    errno = 0;
    assert_null(store_fixture_try_open(fixture, 0));
    assert_int_equal(errno, EBUSY);
    assert_non_null(strstr(fixture->error, "in use"));
}

static void a_store_that_keeps_nothing_is_done_at_once(void **state)
{
    struct store_fixture *fixture = *state;

    strcpy(fixture->path, "none");
    store_fixture_begin(fixture);
    assert_false(store_keeps(fixture->store));
    assert_int_equal(store_fd(fixture->store), -1);
    store_fixture_ask(fixture, "ann", "a");
    store_fixture_commit_safely(fixture);
    store_fixture_come_back(fixture);
    assert_string_equal(fixture->restored, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(an_empty_store_has_nothing),
        STORE_FIXTURE_TEST(what_was_committed_comes_back),
        STORE_FIXTURE_TEST(counters_outlive_the_requests),
        STORE_FIXTURE_TEST(counters_stay_above_what_is_used),
        STORE_FIXTURE_TEST(closing_waits_for_what_was_submitted),
        STORE_FIXTURE_TEST(history_is_kept_and_trimmed),
        STORE_FIXTURE_TEST(history_from_the_future_does_not_keep_what_is_old),
        STORE_FIXTURE_TEST(history_is_trimmed_by_the_clock_that_was_told),
        STORE_FIXTURE_TEST(the_clock_comes_back),
        STORE_FIXTURE_TEST(without_history_none_is_kept),
        STORE_FIXTURE_TEST(history_alone_is_not_urgent),
        STORE_FIXTURE_TEST(one_file_has_one_store),
        STORE_FIXTURE_TEST(a_store_that_keeps_nothing_is_done_at_once),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
