/* The history of a state in etcd: copied once, in order, over restarts; and what is missing is
 * told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/engine.h"
#include "store/etcd_history.h"

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/farmlock-history.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/history.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char name[160];

    (void)state;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static struct etcd_history *open_history(void)
{
    const struct store_options options = {
        .path = path, .durability = STORE_DURABLE_PROCESS, .history_ms = INT64_C(1) << 50};
    char error[STORE_ERROR_SIZE] = "";
    struct etcd_history *history = etcd_history_open(&options, error);

    assert_string_equal(error, "");
    assert_non_null(history);
    return history;
}

/* A transaction's part, with an entry for each lock, as a leader would put it into etcd. */
static void take(struct etcd_history *history, uint64_t number, const char *first,
                 const char *second)
{
    struct etcd_txn *txn = etcd_txn_create("p/");
    struct store_batch *batch = store_batch_create();
    struct buffer scratch = {0};
    struct etcd_bytes bytes;

    for (int i = 0; i < 2; i++) {
        const char *lock = i == 0 ? first : second;
        const struct store_history entry = {.past = STORE_PAST_HOLD,
                                            .reason = LOCK_REASON_UNLOCK,
                                            .lock = lock,
                                            .owner = "host_1_ann",
                                            .token = number,
                                            .asked_ms = (int64_t)number,
                                            .granted_ms = (int64_t)number,
                                            .ended_ms = (int64_t)number};

        if (lock != NULL)
            store_batch_history(batch, &entry);
    }
    etcd_history_add(txn, batch, &scratch);
    bytes = etcd_txn_history(txn);
    assert_int_equal(etcd_history_take(history, number, bytes.data, bytes.len), 0);
    buffer_fini(&scratch);
    store_batch_destroy(batch);
    etcd_txn_destroy(txn);
}

static void note_entry(struct store_query *query, const struct store_history *entry)
{
    buffer_add_text(&query->text, entry->lock);
    buffer_add_text(&query->text, " ");
}

/* All locks of the history, as the file has them. */
static void assert_history(struct etcd_history *history, const char *locks)
{
    struct store *file = etcd_history_file(history);
    struct store_query *query = calloc(1, sizeof *query), *answer = NULL;
    struct store_progress progress = {.committed = 0};

    while (progress.committed < file->submitted)
        store_progress(file, &progress);
    query->until_ms = INT64_MAX;
    query->limit = 100;
    query->on_entry = note_entry;
    store_ask(file, query);
    while ((answer = store_answer(file)) == NULL)
        usleep(1000);
    buffer_add(&answer->text, "", 1);
    assert_string_equal(answer->text.data, locks);
    store_query_destroy(answer);
}

static void what_is_told_again_is_there_once(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    assert_int_equal(etcd_history_last(history), 0);
    take(history, 1, "a", "b");
    take(history, 2, "c", NULL);
    take(history, 1, "a", "b");
    assert_int_equal(etcd_history_last(history), 2);
    assert_history(history, "a b c ");
    etcd_history_close(history);
    history = open_history();
    assert_int_equal(etcd_history_last(history), 2);
    take(history, 2, "c", NULL);
    take(history, 3, "d\n\ne", NULL);
    assert_history(history, "a b c d\n\ne ");
    etcd_history_close(history);
}

static void a_hole_is_told_once(void **state)
{
    struct etcd_history *history = open_history();
    uint64_t first, last;

    (void)state;
    take(history, 40, "a", NULL); /* who begins has missed nothing */
    assert_false(etcd_history_hole(history, &first, &last));
    take(history, 41, "b", NULL);
    assert_false(etcd_history_hole(history, &first, &last));
    take(history, 45, "c", NULL);
    assert_true(etcd_history_hole(history, &first, &last));
    assert_int_equal(first, 42);
    assert_int_equal(last, 44);
    assert_false(etcd_history_hole(history, &first, &last));
    assert_history(history, "a b c ");
    etcd_history_close(history);
}

static void what_cannot_be_read_is_left_out(void **state)
{
    static const char text[] = "layout 1\nlock x\nowner o\n\nlayout 1\nlock y\n\nnonsense\n\n"
                               "layout 1\nlock z\nowner o\nended 5\n\n";
    struct etcd_history *history = open_history();

    (void)state;
    assert_int_equal(etcd_history_take(history, 1, text, strlen(text)), 0);
    assert_int_equal(etcd_history_take(history, 2, "", 0), 0);
    assert_int_equal(etcd_history_last(history), 2);
    assert_history(history, "x z ");
    etcd_history_close(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_told_again_is_there_once, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_hole_is_told_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_left_out, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
