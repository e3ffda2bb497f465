/* The history of a state in etcd: copied once, in order, over restarts; and what is missing is
 * told.
 */
#include <errno.h>
#include <inttypes.h>
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
#include "store/sqlite.h"

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
    char text[160];

    if (entry->past == STORE_PAST_HOLE)
        snprintf(text, sizeof text, "[%s %" PRIu64 " %" PRId64 "-%" PRId64 "] ", entry->lock,
                 entry->token, entry->asked_ms, entry->ended_ms);
    else
        snprintf(text, sizeof text, "%s ", entry->lock);
    buffer_add_text(&query->text, text);
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

static void assert_noted(struct etcd_history *history, const char *why, uint64_t count,
                         int64_t from_ms, int64_t to_ms)
{
    struct etcd_hole hole;

    assert_true(etcd_history_hole(history, &hole));
    assert_string_equal(hole.why, why);
    assert_int_equal(hole.count, count);
    assert_int_equal(hole.from_ms, from_ms);
    assert_int_equal(hole.to_ms, to_ms);
    assert_false(etcd_history_hole(history, &hole));
}

static void assert_nothing_noted(struct etcd_history *history)
{
    struct etcd_hole hole;

    assert_false(etcd_history_hole(history, &hole));
}

static void a_hole_is_told_once_and_is_in_the_file(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    take(history, 40, "a", NULL); /* who begins has missed nothing */
    assert_nothing_noted(history);
    take(history, 41, "b", NULL);
    assert_nothing_noted(history);
    take(history, 45, "c", NULL);
    assert_noted(history, "away", 3, 41, 45);
    assert_history(history, "a b [away 3 41-45] c ");
    etcd_history_close(history);
}

/* The end of the hole is where the next entry is; what cannot be read is none. */
static void a_hole_waits_for_the_next_entry(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    take(history, 7, "a", NULL);
    assert_int_equal(etcd_history_take(history, 9, "nonsense", 8), 0);
    assert_nothing_noted(history);
    take(history, 12, "b", NULL);
    assert_noted(history, "away", 3, 7, 12);
    assert_history(history, "a [away 3 7-12] b ");
    etcd_history_close(history);
}

static void another_farms_history_is_copied_from_its_start(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    etcd_history_meet(history, "east", 0, 50);
    take(history, 50, "a", NULL);
    etcd_history_close(history);
    history = open_history();
    etcd_history_meet(history, "west", 0, 70);
    assert_int_equal(etcd_history_last(history), 0);
    take(history, 68, "b", NULL);
    assert_noted(history, "new-etcd", 0, 50, 68);
    etcd_history_meet(history, "west", 0, 70);
    assert_int_equal(etcd_history_last(history), 68);
    take(history, 69, "c", NULL);
    assert_nothing_noted(history);
    assert_history(history, "a [new-etcd 0 50-68] b c ");
    etcd_history_close(history);
}

static void an_earlier_etcd_is_gone_on_with(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    etcd_history_meet(history, "east", 0, 50);
    take(history, 50, "a", NULL);
    etcd_history_meet(history, "east", 0, 40);
    assert_int_equal(etcd_history_last(history), 40);
    take(history, 41, "b", NULL);
    /* Its clock was put back with it. */
    assert_noted(history, "earlier-etcd", 0, 41, 41);
    assert_history(history, "a [earlier-etcd 0 41-41] b ");
    etcd_history_close(history);
}

/* What was missed there has numbers that were copied before the restore. */
static void an_earlier_etcd_that_has_as_much_again_is_told_of(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    etcd_history_meet(history, "east", 7, 50);
    take(history, 50, "a", NULL);
    etcd_history_close(history);
    history = open_history();
    etcd_history_meet(history, "east", 7, 50);
    etcd_history_meet(history, "east", 0, 50); /* an earlier version leads */
    etcd_history_meet(history, "east", 8, 60);
    assert_int_equal(etcd_history_last(history), 50);
    take(history, 51, "b", NULL);
    assert_noted(history, "earlier-etcd", 0, 50, 51);
    etcd_history_close(history);
    history = open_history();
    etcd_history_meet(history, "east", 8, 60);
    take(history, 52, "c", NULL);
    assert_nothing_noted(history);
    assert_history(history, "a [earlier-etcd 0 50-51] b c ");
    etcd_history_close(history);
}

/* Who begins with an etcd that was put back once has missed nothing of its own. */
static void what_was_accepted_before_the_first_entry_is_no_hole(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    etcd_history_meet(history, "east", 0, 50);
    etcd_history_meet(history, "east", 8, 50);
    take(history, 50, "a", NULL);
    assert_nothing_noted(history);
    etcd_history_close(history);
}

/* Less is all that earlier versions have noted. */
static void forget_farm(const char *noted)
{
    const struct store_options options = {
        .path = path, .durability = STORE_DURABLE_PROCESS, .history_ms = INT64_C(1) << 50};
    char error[STORE_ERROR_SIZE] = "";
    struct store *file = store_sqlite_open(&options, error);
    struct store_batch *batch = store_batch_create();

    assert_non_null(file);
    store_batch_host(batch, noted);
    store_commit(file, batch);
    assert_true(store_close(file));
}

static void an_older_file_is_gone_on_with(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    etcd_history_meet(history, "east", 0, 50);
    take(history, 50, "a", NULL);
    etcd_history_close(history);
    forget_farm("outbox 50");
    history = open_history();
    assert_int_equal(etcd_history_last(history), 50);
    etcd_history_meet(history, "west", 0, 51);
    take(history, 51, "b", NULL);
    assert_nothing_noted(history);
    etcd_history_close(history);
    forget_farm("outbox 51 west 51");
    history = open_history();
    etcd_history_meet(history, "west", 8, 52); /* it may have been accepted before */
    take(history, 52, "b", NULL);
    assert_nothing_noted(history);
    etcd_history_close(history);
    forget_farm("outbox 51");
    history = open_history();
    etcd_history_meet(history, "east", 0, 2); /* less than was copied: it cannot be the same */
    assert_int_equal(etcd_history_last(history), 0);
    take(history, 2, "c", NULL);
    /* It may begin anywhere in what is kept, as nobody noted when the last one ended. */
    assert_noted(history, "new-etcd", 0, 0, 2);
    assert_history(history, "a b b [new-etcd 0 0-2] c ");
    etcd_history_close(history);
}

static void a_later_note_is_read_as_far_as_it_is_known(void **state)
{
    struct etcd_history *history = open_history();

    (void)state;
    take(history, 50, "a", NULL);
    etcd_history_close(history);
    forget_farm("outbox 50 east 50 7 and more");
    history = open_history();
    etcd_history_meet(history, "east", 8, 60);
    take(history, 51, "b", NULL);
    assert_noted(history, "earlier-etcd", 0, 50, 51);
    etcd_history_close(history);
}

static void a_note_that_cannot_have_been_so_is_refused(void **state)
{
    const struct store_options options = {
        .path = path, .durability = STORE_DURABLE_PROCESS, .history_ms = INT64_C(1) << 50};
    char error[STORE_ERROR_SIZE] = "";

    (void)state;
    etcd_history_close(open_history());
    forget_farm("outbox many");
    assert_null(etcd_history_open(&options, error));
    assert_int_equal(errno, EUCLEAN);
    assert_non_null(strstr(error, "name another"));
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
        cmocka_unit_test_setup_teardown(a_hole_is_told_once_and_is_in_the_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_hole_waits_for_the_next_entry, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(another_farms_history_is_copied_from_its_start, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_earlier_etcd_is_gone_on_with, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_earlier_etcd_that_has_as_much_again_is_told_of,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_was_accepted_before_the_first_entry_is_no_hole,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_older_file_is_gone_on_with, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_later_note_is_read_as_far_as_it_is_known, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_note_that_cannot_have_been_so_is_refused, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_left_out, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
