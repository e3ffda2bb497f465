/* When the history is copied from etcd, and when that is taken for one that was put back: by a
 * lockerd that stands by, whose looks and pages are of different times.  Must not need an etcd.
 */
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

#include "etcd_fixture.h"
#include "store/etcd_copy.h"

enum { NEVER_MS = 1 << 30 };

/* A lockerd that stands by while "them" leads. */
struct standby {
    struct etcd_fixture *fixture;
    struct etcd_engine engine;
    char folder[64], path[128];
};

static int remove_folder(const struct standby *standby)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char name[160];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", standby->path, suffixes[i]);
        unlink(name);
    }
    return rmdir(standby->folder);
}

static int set_up(void **state)
{
    struct standby *standby = calloc(1, sizeof *standby);
    struct etcd_replica_options options;
    struct store_options of_file = {.durability = STORE_DURABLE_PROCESS,
                                    .history_ms = INT64_C(1) << 50};
    char error[STORE_ERROR_SIZE] = "";
    void *fixture;

    assert_non_null(standby);
    strcpy(standby->folder, "/tmp/farmlock-copy.XXXXXX");
    assert_non_null(mkdtemp(standby->folder));
    snprintf(standby->path, sizeof standby->path, "%s/history.db", standby->folder);
    assert_int_equal(etcd_fixture_setup(&fixture), 0);
    standby->fixture = fixture;
    options = etcd_fixture_options(standby->fixture, "us");
    options.on_history = etcd_engine_take_history;
    options.context = &standby->engine;
    etcd_fixture_replace(standby->fixture, &options);
    standby->engine.replica = standby->fixture->replica;
    standby->engine.news_fd = -1;
    of_file.path = standby->path;
    standby->engine.history = etcd_history_open(&of_file, error);
    assert_string_equal(error, "");
    *state = standby;
    return 0;
}

static int tear_down(void **state)
{
    struct standby *standby = *state;
    void *fixture = standby->fixture;
    int result;

    etcd_history_close(standby->engine.history);
    etcd_fixture_teardown(&fixture);
    result = remove_folder(standby);
    free(standby);
    return result;
}

/* No value removes it. */
static void put(struct standby *standby, const char *name, const struct etcd_bytes *value)
{
    struct etcd_keys *keys = &standby->fixture->etcd.keys;
    char key[64];

    snprintf(key, sizeof key, "%s%s", FIXTURE_PREFIX, name);
    etcd_keys_write(keys, ++keys->revision, etcd_bytes_of(key), value);
}

/* What "them" keeps in etcd, with that number of entries in the history. */
static void keep(struct standby *standby, uint64_t number)
{
    struct etcd_sight sight = etcd_fixture_sight("them", 0);
    struct buffer text = {0};
    struct etcd_bytes value;
    char name[24], entry[64];

    strcpy(sight.leader.cluster, "east");
    etcd_leader_write(&sight.leader, &text);
    value = (struct etcd_bytes){text.data, text.len};
    put(standby, "0/leader", &value);
    sight.seq.history = number;
    etcd_seq_write(&sight.seq, &text);
    value = (struct etcd_bytes){text.data, text.len};
    put(standby, "0/seq", &value);
    buffer_fini(&text);
    snprintf(name, sizeof name, "h/%016" PRIx64, number);
    snprintf(entry, sizeof entry, "layout 1\nlock a\nowner o\nended %" PRIu64 "\n\n", number);
    value = etcd_bytes_of(entry);
    put(standby, name, &value);
}

static void look(struct standby *standby)
{
    assert_int_equal(etcd_fixture_step(standby->fixture), ETCD_EVENT_NONE);
}

/* Whether it asks for a page, which is told then. */
static bool copies(struct standby *standby)
{
    standby->engine.history_at_ms = 0;
    etcd_copy_begin(&standby->engine);
    if (!standby->engine.history_is_under_way)
        return false;
    etcd_fixture_until(standby->fixture, ETCD_EVENT_HISTORY);
    etcd_copy_end(&standby->engine);
    return true;
}

static void assert_copied(const struct standby *standby, uint64_t last)
{
    assert_int_equal(etcd_history_last(standby->engine.history), last);
}

/* As where it is cut off from etcd, or frozen, before it looks again: however long that takes. */
static void a_page_that_has_more_than_the_look_before_it_is_no_earlier_etcd(void **state)
{
    struct standby *standby = *state;

    standby->engine.takeover_ms = 0;
    keep(standby, 1);
    look(standby);
    keep(standby, 2);
    keep(standby, 3);
    assert_true(copies(standby));
    assert_copied(standby, 3);
    for (int i = 0; i < 3; i++)
        assert_false(copies(standby));
    assert_copied(standby, 3);
    keep(standby, 4);
    look(standby);
    assert_true(copies(standby));
    assert_copied(standby, 4);
    assert_int_equal(standby->engine.beside_count, 0);
}

static void an_etcd_that_was_put_back_is_gone_on_with_when_it_stays_so(void **state)
{
    struct standby *standby = *state;

    standby->engine.takeover_ms = NEVER_MS;
    keep(standby, 3);
    look(standby);
    assert_true(copies(standby));
    put(standby, "h/0000000000000003", NULL);
    for (int i = 0; i < 3; i++) {
        keep(standby, 1);
        look(standby);
        assert_false(copies(standby));
        assert_copied(standby, 3);
    }
    standby->engine.takeover_ms = 0;
    assert_false(copies(standby)); /* that was seen before the time had passed */
    assert_copied(standby, 3);
    keep(standby, 1);
    look(standby);
    assert_false(copies(standby));
    assert_copied(standby, 1);
    keep(standby, 2);
    look(standby);
    assert_true(copies(standby));
    assert_copied(standby, 2);
    assert_int_equal(standby->engine.beside_count, 1);
    assert_non_null(strstr(standby->engine.beside[0].text, "put back to an earlier time"));
}

/* Another farm's, or of a time that nobody has accepted. */
static void what_must_not_be_led_is_not_copied(void **state)
{
    struct standby *standby = *state;
    struct etcd_mark *mark = &standby->engine.mark;

    keep(standby, 3);
    look(standby);
    *mark = (struct etcd_mark){.cluster_id = 1 + standby->fixture->etcd.cluster_id};
    assert_false(copies(standby));
    assert_copied(standby, 0);
    mark->cluster_id = standby->fixture->etcd.cluster_id;
    mark->revision = standby->fixture->etcd.keys.revision + 1;
    assert_false(copies(standby));
    mark->revision = standby->fixture->etcd.keys.revision - 1;
    assert_true(copies(standby));
    assert_copied(standby, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_page_that_has_more_than_the_look_before_it_is_no_earlier_etcd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_etcd_that_was_put_back_is_gone_on_with_when_it_stays_so,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_must_not_be_led_is_not_copied, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
