/* The store: what is committed comes back, what fails does not, and in order.
 * Must not leave a file behind. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "failing_vfs.h"
#include "store_model.h"

enum { COUNTERS_AHEAD_MOST = 1000 };
enum { FAILING_RUNS = 150, SLOW_FAILING_RUNS = 15, LONG_FAILING_RUNS = 3000 };

struct fixture {
    char folder[64], path[96];
    struct lock_table *table;
    struct store_batch *batch; /* which the table's events go to */
    int64_t now_ms;
    struct store *store;
    struct store_loader loaded;
    char error[STORE_ERROR_SIZE];
    char live[STORE_MODEL_TEXT], restored[STORE_MODEL_TEXT];
};

static void on_event(void *context, const struct lock_event *event)
{
    struct fixture *fixture = context;

    store_batch_event(fixture->batch, event, fixture->now_ms);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    strcpy(fixture->folder, "/tmp/farmlock-test.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/a/state.db", fixture->folder);
    fixture->now_ms = 1000;
    fixture->table = lock_table_create(on_event, fixture);
    fixture->batch = store_batch_create();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
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

static struct store *try_open(struct fixture *fixture, int64_t history_ms)
{
    const struct store_options options = {
        .path = fixture->path, .durability = STORE_DURABLE_PROCESS, .history_ms = history_ms};

    return store_open(&options, fixture->error);
}

/* Opens the store and describes what it had. */
static int open_and_load(struct fixture *fixture, int64_t history_ms)
{
    struct lock_table *table = lock_table_create(on_event, fixture);
    int result = -1;

    fixture->loaded = (struct store_loader){.context = table, .on_request = restore_record};
    fixture->store = try_open(fixture, history_ms);
    if (fixture->store != NULL)
        result = store_load(fixture->store, &fixture->loaded, fixture->error);
    if (result == 0)
        store_model_describe(table, fixture->restored);
    lock_table_destroy(table);
    return result;
}

static void begin(struct fixture *fixture)
{
    if (open_and_load(fixture, INT64_MAX / 2) != 0)
        fail_msg("%s", fixture->error);
}

static uint64_t commit(struct fixture *fixture)
{
    uint64_t number = store_commit(fixture->store, fixture->batch);

    fixture->batch = store_batch_create();
    assert_non_null(fixture->batch);
    return number;
}

/* Waits until a batch is safe, or has failed. */
static struct store_progress wait_for(struct store *store, uint64_t number)
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

static void commit_safely(struct fixture *fixture)
{
    uint64_t number = commit(fixture);

    assert_true(wait_for(fixture->store, number).committed >= number);
}

static void come_back(struct fixture *fixture)
{
    store_close(fixture->store);
    begin(fixture);
}

static void ask(struct fixture *fixture, const char *owner, const char *name)
{
    const struct lock_group group = {.names = &name, .name_count = 1, .count = 1};
    const struct lock_ask request = {
        .owner = owner, .groups = &group, .group_count = 1, .wait = true};

    lock_table_request(fixture->table, &request, fixture->now_ms);
}

static void release(struct fixture *fixture, const char *owner, const char *name)
{
    lock_table_unlock(fixture->table, owner, &name, 1, fixture->now_ms, NULL);
}

/* What a query of one number finds that is asked beside the store. */
static int64_t read_number(const struct fixture *fixture, const char *sql)
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

static int64_t count_history(const struct fixture *fixture)
{
    return read_number(fixture, "SELECT count(*) FROM history");
}

static int64_t read_counter(const struct fixture *fixture, const char *name)
{
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT %s FROM state", name);
    return read_number(fixture, sql);
}

static void an_empty_store_has_nothing(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    assert_string_equal(fixture->restored, "");
    assert_int_equal(fixture->loaded.next_ticket, 1);
    assert_int_equal(fixture->loaded.next_token, 1);
    assert_string_equal(fixture->loaded.host, "");
}

static void what_was_committed_comes_back(void **state)
{
    struct fixture *fixture = *state;
    const char *names[] = {"a", "b", "c", "d"};
    const struct lock_group groups[] = {{names, 2, 1}, {names + 2, 2, 2}};
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

    begin(fixture);
    ask(fixture, "first", "c");
    lock_table_request(fixture->table, &everything, fixture->now_ms);
    ask(fixture, "last", "a");
    store_batch_host(fixture->batch, "here");
    commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
    assert_in_range(fixture->loaded.next_ticket, 4, 4 + COUNTERS_AHEAD_MOST);
    assert_string_equal(fixture->loaded.host, "here");
    release(fixture, "first", "c");
    commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
    assert_in_range(fixture->loaded.next_token, 3, 3 + 2 * COUNTERS_AHEAD_MOST);
}

static void counters_outlive_the_requests(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    ask(fixture, "ann", "a");
    release(fixture, "ann", "a");
    commit_safely(fixture);
    come_back(fixture);
    assert_string_equal(fixture->restored, "");
    assert_in_range(fixture->loaded.next_ticket, 2, 2 + COUNTERS_AHEAD_MOST);
    assert_in_range(fixture->loaded.next_token, 2, 2 + COUNTERS_AHEAD_MOST);
    store_batch_counters(fixture->batch, 100000, 50000);
    commit_safely(fixture);
    come_back(fixture);
    assert_in_range(fixture->loaded.next_ticket, 100000, 100000 + COUNTERS_AHEAD_MOST);
    assert_in_range(fixture->loaded.next_token, 50000, 50000 + COUNTERS_AHEAD_MOST);
}

/* The file is ahead of what is used by a fixed amount: it has to be written again in time. */
static void counters_stay_above_what_is_used(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    for (uint64_t used = 1; used <= 3 * COUNTERS_AHEAD_MOST; used++) {
        ask(fixture, "ann", "a");
        release(fixture, "ann", "a");
        if (used % 97 > 0)
            continue;
        commit_safely(fixture);
        assert_true(read_counter(fixture, "next_ticket") > (int64_t)used);
        assert_true(read_counter(fixture, "next_token") > (int64_t)used);
    }
}

static void closing_waits_for_what_was_submitted(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    for (int i = 0; i < 200; i++) {
        char owner[16];

        snprintf(owner, sizeof owner, "owner%d", i);
        ask(fixture, owner, "a");
        assert_int_equal(commit(fixture), i + 1);
    }
    store_model_describe(fixture->table, fixture->live);
    come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
}

static void history_is_kept_and_trimmed(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    for (int i = 0; i < 1200; i++) {
        ask(fixture, "ann", "a");
        release(fixture, "ann", "a");
    }
    commit_safely(fixture);
    assert_int_equal(count_history(fixture), 1200);
    store_close(fixture->store);
    /* All of it is from 1970. */
    assert_int_equal(open_and_load(fixture, 1000), 0);
    store_batch_probe(fixture->batch);
    commit_safely(fixture);
    for (int i = 0; i < 1000 && count_history(fixture) > 0; i++)
        usleep(10000);
    assert_int_equal(count_history(fixture), 0);
}

/* A clock that was years ahead while the machine started. */
static void history_from_the_future_does_not_keep_what_is_old(void **state)
{
    enum { FUTURE = 600, OLD = 1200 };
    struct fixture *fixture = *state;
    int64_t now_ms = fixture->now_ms;

    begin(fixture);
    fixture->now_ms = INT64_C(8000000000) * 1000;
    for (int i = 0; i < FUTURE + OLD; i++) {
        if (i == FUTURE)
            fixture->now_ms = now_ms;
        ask(fixture, "ann", "a");
        release(fixture, "ann", "a");
    }
    commit_safely(fixture);
    assert_int_equal(count_history(fixture), FUTURE + OLD);
    store_close(fixture->store);
    assert_int_equal(open_and_load(fixture, 1000), 0);
    store_batch_probe(fixture->batch);
    commit_safely(fixture);
    for (int i = 0; i < 1000 && count_history(fixture) > FUTURE; i++)
        usleep(10000);
    assert_int_equal(count_history(fixture), FUTURE);
}

static void without_history_none_is_kept(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_and_load(fixture, 0), 0);
    ask(fixture, "ann", "a");
    release(fixture, "ann", "a");
    commit_safely(fixture);
    assert_int_equal(count_history(fixture), 0);
}

static void history_alone_is_not_urgent(void **state)
{
    struct fixture *fixture = *state;
    const struct store_history refused = {
        .past = STORE_PAST_REFUSED, .lock = "a b", .owner = "ann"};

    assert_true(store_batch_is_empty(fixture->batch));
    store_batch_history(fixture->batch, &refused);
    assert_false(store_batch_is_empty(fixture->batch));
    assert_false(store_batch_is_urgent(fixture->batch));
    ask(fixture, "ann", "a");
    assert_true(store_batch_is_urgent(fixture->batch));
}

static void one_file_has_one_store(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture);
    errno = 0;
    assert_null(try_open(fixture, 0));
    assert_int_equal(errno, EBUSY);
    assert_non_null(strstr(fixture->error, "in use"));
}

static void a_store_that_keeps_nothing_is_done_at_once(void **state)
{
    struct fixture *fixture = *state;

    strcpy(fixture->path, "none");
    begin(fixture);
    assert_false(store_keeps(fixture->store));
    assert_int_equal(store_fd(fixture->store), -1);
    ask(fixture, "ann", "a");
    commit_safely(fixture);
    come_back(fixture);
    assert_string_equal(fixture->restored, "");
}

static void demands_that_make_no_sense_are_refused(void **state)
{
    static const char *const nonsense[] = {
        "", "a", "0 a", "2 a", "1", "1 ", "1  a", "-1 a", "1 a\n", "1 a\n\n1 b", "1 a\n2 b",
    };
    struct store_demand demand;

    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        errno = 0;
        assert_int_equal(store_demand_parse(&demand, nonsense[i]), -1);
        assert_int_equal(errno, EINVAL);
    }
    assert_int_equal(store_demand_parse(&demand, "1 a b\n2 c d e"), 0);
    assert_int_equal(demand.group_count, 2);
    assert_int_equal(demand.groups[1].count, 2);
    assert_string_equal(demand.groups[1].names[2], "e");
    store_demand_fini(&demand);
}

static int64_t held_count(const struct fixture *fixture)
{
    int64_t lines = 0;

    for (const char *c = fixture->restored; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

/* Each batch takes one lock more: how many come back says which batch was the last. */
static void fail_once(struct fixture *fixture, long after)
{
    struct store_progress progress = {0};
    uint64_t submitted = 0;
    char name[16];

    failing_vfs_fail_after(after);
    while (!progress.failed && submitted < 1000) {
        snprintf(name, sizeof name, "l%d", (int)submitted);
        ask(fixture, name, name);
        submitted = commit(fixture);
        if (submitted % 3 == 0)
            progress = wait_for(fixture->store, submitted);
    }
    progress = wait_for(fixture->store, submitted);
    assert_true(progress.failed);
    assert_true(progress.error[0] != '\0');
    store_close(fixture->store);
    fixture->store = NULL;
    failing_vfs_fail_after(-1);
    begin(fixture);
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
        struct fixture *fixture;

        setup(&own);
        fixture = own;
        begin(fixture);
        fail_once(fixture, i < 60 ? i : random() % 400);
        teardown(&own);
    }
}

static void a_store_that_failed_stays_so(void **state)
{
    struct fixture *fixture = *state;
    struct store_progress progress;

    begin(fixture);
    failing_vfs_fail_after(0);
    ask(fixture, "ann", "a");
    assert_true(wait_for(fixture->store, commit(fixture)).failed);
    failing_vfs_fail_after(-1);
    ask(fixture, "bob", "b");
    commit(fixture);
    usleep(20000);
    store_progress(fixture->store, &progress);
    assert_true(progress.failed);
    assert_int_equal(progress.committed, 0);
    come_back(fixture);
    assert_string_equal(fixture->restored, "");
}

static void loading_again_makes_a_failed_store_usable(void **state)
{
    struct fixture *fixture = *state;
    struct lock_table *table = lock_table_create(on_event, fixture);

    begin(fixture);
    ask(fixture, "ann", "a");
    commit_safely(fixture);
    store_model_describe(fixture->table, fixture->live);
    failing_vfs_fail_after(0);
    ask(fixture, "bob", "b");
    assert_true(wait_for(fixture->store, commit(fixture)).failed);
    fixture->loaded.context = table;
    assert_int_equal(store_load(fixture->store, &fixture->loaded, fixture->error), 0);
    store_model_describe(table, fixture->restored);
    lock_table_destroy(table);
    assert_string_equal(fixture->restored, fixture->live);
    store_batch_probe(fixture->batch);
    assert_true(wait_for(fixture->store, commit(fixture)).failed);
    failing_vfs_fail_after(-1);
    table = lock_table_create(on_event, fixture);
    fixture->loaded.context = table;
    assert_int_equal(store_load(fixture->store, &fixture->loaded, fixture->error), 0);
    lock_table_destroy(table);
    store_batch_probe(fixture->batch);
    commit_safely(fixture);
    come_back(fixture);
    assert_string_equal(fixture->restored, fixture->live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_store_has_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_committed_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_outlive_the_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_stay_above_what_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_waits_for_what_was_submitted, setup, teardown),
        cmocka_unit_test_setup_teardown(history_is_kept_and_trimmed, setup, teardown),
        cmocka_unit_test_setup_teardown(history_from_the_future_does_not_keep_what_is_old, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_history_none_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(history_alone_is_not_urgent, setup, teardown),
        cmocka_unit_test_setup_teardown(one_file_has_one_store, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_keeps_nothing_is_done_at_once, setup,
                                        teardown),
        cmocka_unit_test(demands_that_make_no_sense_are_refused),
        cmocka_unit_test(writes_that_fail_lose_nothing_that_was_committed),
        cmocka_unit_test_setup_teardown(a_store_that_failed_stays_so, setup, teardown),
        cmocka_unit_test_setup_teardown(loading_again_makes_a_failed_store_usable, setup, teardown),
    };

    failing_vfs_install();
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
