/* The history that one lockerd puts into etcd for the others, and how much of it stays there.
 * Must not need an etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "etcd_fixture.h"
#include "store/etcd/outbox.h"

static void commit_history(struct etcd_fixture *fixture, const void *bytes, size_t len)
{
    struct etcd_txn *txn = etcd_txn_create(FIXTURE_PREFIX);

    etcd_txn_add_history(txn, bytes, len);
    assert_int_equal(etcd_replica_commit(fixture->replica, txn), 0);
    etcd_txn_destroy(txn);
    etcd_fixture_until(fixture, ETCD_EVENT_COMMITTED);
}

static void history_is_numbered_and_read_behind_a_number(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    for (int i = 0; i < 20; i++)
        commit_history(fixture, "h", 1);
    assert_int_equal(etcd_replica_history_number(fixture->replica), 20);
    etcd_replica_read_history(fixture->replica, 0);
    etcd_fixture_until(fixture, ETCD_EVENT_HISTORY);
    assert_int_equal(fixture->history_number, 16);
    etcd_replica_read_history(fixture->replica, 16);
    etcd_fixture_until(fixture, ETCD_EVENT_HISTORY);
    assert_int_equal(fixture->history_number, 20);
    assert_int_equal(fixture->history, 20);
    etcd_fixture_lead_again(fixture);
    commit_history(fixture, "h", 1);
    assert_int_equal(etcd_replica_history_number(fixture->replica), 21);
}

static void old_history_leaves_etcd_by_its_number(void **state)
{
    struct etcd_fixture *fixture = *state;

    etcd_fixture_lead(fixture);
    for (int i = 0; i < ETCD_OUTBOX_ENTRIES + ETCD_OUTBOX_EVERY; i++)
        commit_history(fixture, "h", 1);
    assert_int_equal(etcd_fixture_count(fixture, "h/"), ETCD_OUTBOX_ENTRIES + 1);
}

static void old_history_leaves_etcd_by_its_bytes(void **state)
{
    struct etcd_fixture *fixture = *state;
    enum { LARGE = 1000 * 1000 };
    char *large = calloc(1, LARGE);

    etcd_fixture_lead(fixture);
    for (int i = 0; i < ETCD_OUTBOX_EVERY; i++)
        commit_history(fixture, large, LARGE);
    assert_int_equal(etcd_fixture_count(fixture, "h/"), ETCD_OUTBOX_BYTES / LARGE + 1);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ETCD_FIXTURE_TEST(history_is_numbered_and_read_behind_a_number),
        ETCD_FIXTURE_TEST(old_history_leaves_etcd_by_its_number),
        ETCD_FIXTURE_TEST(old_history_leaves_etcd_by_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
