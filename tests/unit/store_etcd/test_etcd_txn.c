/* What is collected for one transaction, and the values of the keys that all lockerd share.
 * Must not need an etcd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/etcd/outbox.h"
#include "store/etcd/record.h"
#include "store/etcd/txn.h"

enum { TEXT_SIZE = 256 };

/* All operations as "key=value" and "-key", separated by blanks. */
static void describe(const struct etcd_txn *txn, char text[TEXT_SIZE])
{
    struct etcd_op *ops = calloc(etcd_txn_count(txn) + 1, sizeof *ops);
    int len = 0;

    text[0] = '\0';
    etcd_txn_list(txn, ops);
    for (size_t i = 0; i < etcd_txn_count(txn); i++) {
        bool is_put = ops[i].kind == ETCD_PUT;

        len += snprintf(text + len, (size_t)(TEXT_SIZE - len), "%s%s%.*s%s%.*s", i > 0 ? " " : "",
                        is_put ? "" : "-", (int)ops[i].key.len, (const char *)ops[i].key.data,
                        is_put ? "=" : "", (int)ops[i].value.len, (const char *)ops[i].value.data);
    }
    free(ops);
}

static void assert_says(const struct etcd_txn *txn, const char *expected)
{
    char text[TEXT_SIZE];

    describe(txn, text);
    assert_string_equal(text, expected);
}

static void put(struct etcd_txn *txn, const char *name, const char *value)
{
    etcd_txn_put(txn, name, value, strlen(value));
}

static void the_last_that_was_said_of_a_key_counts(void **state)
{
    struct etcd_txn *txn = etcd_txn_create("/p/");

    (void)state;
    put(txn, "b", "1");
    put(txn, "a", "2");
    put(txn, "b", "three");
    etcd_txn_remove(txn, "c");
    etcd_txn_remove(txn, "a");
    put(txn, "c", "");
    assert_says(txn, "-/p/a /p/b=three /p/c=");
    assert_int_equal(etcd_txn_bytes(txn), 3 * (24 + 4) + 5);
    etcd_txn_clear(txn);
    assert_says(txn, "");
    assert_int_equal(etcd_txn_bytes(txn), 0);
    etcd_txn_destroy(txn);
    etcd_txn_destroy(NULL);
}

static void what_is_joined_comes_later(void **state)
{
    struct etcd_txn *into = etcd_txn_create("/p/"), *from = etcd_txn_create("/p/");
    struct etcd_bytes history;

    (void)state;
    put(into, "a", "1");
    put(into, "b", "2");
    etcd_txn_add_history(into, "x", 1);
    etcd_txn_remove(from, "a");
    put(from, "c", "3");
    etcd_txn_add_history(from, "yz", 2);
    assert_true(etcd_txn_join(into, from));
    assert_says(into, "-/p/a /p/b=2 /p/c=3");
    assert_says(from, "");
    history = etcd_txn_history(into);
    assert_int_equal(history.len, 3);
    assert_memory_equal(history.data, "xyz", 3);
    assert_int_equal(etcd_txn_history(from).len, 0);
    assert_int_equal(etcd_txn_bytes(from), 0);
    put(from, "d", "4");
    assert_says(from, "/p/d=4");
    etcd_txn_destroy(into);
    etcd_txn_destroy(from);
}

static void fill(struct etcd_txn *txn, const char *names, unsigned count, size_t value_len)
{
    char *value = calloc(1, value_len + 1), name[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%u", names, i);
        etcd_txn_put(txn, name, value, value_len);
    }
    free(value);
}

static void only_as_many_as_fit_are_joined(void **state)
{
    struct etcd_txn *into = etcd_txn_create("/p/"), *from = etcd_txn_create("/p/");

    (void)state;
    fill(into, "a", ETCD_TXN_OPS_MOST - 10, 1);
    fill(from, "b", 11, 1);
    assert_false(etcd_txn_join(into, from));
    assert_int_equal(etcd_txn_count(into), ETCD_TXN_OPS_MOST - 10);
    assert_int_equal(etcd_txn_count(from), 11);
    etcd_txn_remove(from, "b10");
    assert_false(etcd_txn_join(into, from)); /* to say no more of it is something, too */
    etcd_txn_clear(from);
    fill(from, "b", 10, 1);
    assert_true(etcd_txn_join(into, from));
    assert_true(etcd_txn_fits(into));
    fill(into, "c", 1, 1);
    assert_false(etcd_txn_fits(into));
    etcd_txn_destroy(into);
    etcd_txn_destroy(from);
}

static void bytes_have_a_limit_as_well_history_included(void **state)
{
    struct etcd_txn *into = etcd_txn_create("/p/"), *from = etcd_txn_create("/p/");
    char *large = calloc(1, ETCD_TXN_BYTES_MOST);

    (void)state;
    fill(into, "a", 4, ETCD_TXN_BYTES_MOST / 8);
    fill(from, "b", 4, ETCD_TXN_BYTES_MOST / 8);
    assert_true(etcd_txn_fits(into));
    assert_false(etcd_txn_join(into, from)); /* the keys are too much */
    etcd_txn_clear(from);
    etcd_txn_add_history(from, large, ETCD_TXN_BYTES_MOST / 2);
    assert_true(etcd_txn_fits(from));
    assert_false(etcd_txn_join(into, from));
    etcd_txn_add_history(from, large, ETCD_TXN_BYTES_MOST / 2 + 1);
    assert_false(etcd_txn_fits(from));
    assert_false(etcd_txn_ran_out_of_memory(from));
    free(large);
    etcd_txn_destroy(into);
    etcd_txn_destroy(from);
}

/* values */

static void a_leader_is_read_as_it_was_written(void **state)
{
    const struct etcd_leader leader = {
        .layout = ETCD_LAYOUT,
        .term = 12,
        .instance = "0123456789abcdef0123456789abcdef",
        .cluster = "fedcba9876543210fedcba9876543210",
        .host = "farm1",
        .listens = "farm1:1751 [::1]:1751",
        .version = "1.0.0",
        .since_ms = 1790000000000,
        .takeover_ms = 5000,
    };
    struct etcd_leader read = {0};
    struct buffer value = {0};

    (void)state;
    etcd_leader_write(&leader, &value);
    assert_int_equal(etcd_leader_read((struct etcd_bytes){value.data, value.len}, &read), 0);
    assert_int_equal(read.layout, leader.layout);
    assert_int_equal(read.term, leader.term);
    assert_string_equal(read.instance, leader.instance);
    assert_string_equal(read.cluster, leader.cluster);
    assert_string_equal(read.host, leader.host);
    assert_string_equal(read.listens, leader.listens);
    assert_string_equal(read.version, leader.version);
    assert_int_equal(read.since_ms, leader.since_ms);
    assert_int_equal(read.takeover_ms, leader.takeover_ms);
    buffer_fini(&value);
}

static void a_leader_of_a_later_version_is_read_as_far_as_it_is_known(void **state)
{
    struct etcd_leader read;

    (void)state;
    assert_int_equal(
        etcd_leader_read(etcd_bytes_of("layout 9\nterm 2\nmood good\nhost h\n"), &read), 0);
    assert_int_equal(read.layout, 9);
    assert_int_equal(read.term, 2);
    assert_string_equal(read.host, "h");
}

static void what_is_no_leader_is_refused(void **state)
{
    static const char *const values[] = {"",
                                         "\n",
                                         "hello",
                                         "term 1\n",
                                         "layout 0\n",
                                         "layout 1\nterm -1\n",
                                         "layout 1\nterm x\n",
                                         "layout 1\ntakeover 9000000000000000000\n",
                                         "layout 1\ninstance 0123456789abcdef0123456789abcdef0\n"};
    struct etcd_leader read;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(etcd_leader_read(etcd_bytes_of(values[i]), &read), -1);
        assert_int_equal(errno, EPROTO);
    }
    assert_int_equal(etcd_leader_read((struct etcd_bytes){"layout 1\n\0", 10}, &read), -1);
}

static void seq_is_read_as_it_was_written(void **state)
{
    const struct etcd_seq seq = {ETCD_LAYOUT, 2, 3, 4, 5, 6, 7};
    struct etcd_seq read = {0};
    struct buffer value = {0};

    (void)state;
    etcd_seq_write(&seq, &value);
    assert_int_equal(etcd_seq_read((struct etcd_bytes){value.data, value.len}, &read), 0);
    assert_int_equal(read.term, 2);
    assert_int_equal(read.n, 3);
    assert_int_equal(read.next_ticket, 4);
    assert_int_equal(read.next_token, 5);
    assert_int_equal(read.now_ms, 6);
    assert_int_equal(read.history, 7);
    assert_int_equal(etcd_seq_read(etcd_bytes_of("1 2 3 4 5 6"), &read), -1);
    assert_int_equal(etcd_seq_read(etcd_bytes_of(""), &read), -1);
    assert_int_equal(etcd_seq_read(etcd_bytes_of("1 2 3 4 5 6 x"), &read), -1);
    assert_int_equal(etcd_seq_read(etcd_bytes_of("2 other words"), &read), 0);
    assert_int_equal(read.layout, 2);
    buffer_fini(&value);
}

/* outbox */

static void the_outbox_keeps_a_number_of_entries(void **state)
{
    struct etcd_outbox *outbox = calloc(1, sizeof *outbox);

    (void)state;
    for (uint64_t number = 1; number <= ETCD_OUTBOX_ENTRIES; number++) {
        assert_int_equal(etcd_outbox_floor(outbox, number), 0);
        etcd_outbox_add(outbox, number, 10);
    }
    assert_int_equal(etcd_outbox_floor(outbox, ETCD_OUTBOX_ENTRIES + 1), 0);
    assert_int_equal(etcd_outbox_floor(outbox, ETCD_OUTBOX_ENTRIES + 100), 100);
    free(outbox);
}

static void who_takes_over_keeps_what_it_does_not_know(void **state)
{
    struct etcd_outbox *outbox = calloc(1, sizeof *outbox);

    (void)state;
    for (uint64_t number = 5001; number <= 6000; number++) {
        assert_int_equal(etcd_outbox_floor(outbox, number), 0);
        etcd_outbox_add(outbox, number, 10);
    }
    assert_int_equal(etcd_outbox_floor(outbox, 12000), 2000);
    free(outbox);
}

static void the_outbox_keeps_so_many_bytes(void **state)
{
    struct etcd_outbox *outbox = calloc(1, sizeof *outbox);

    (void)state;
    for (uint64_t number = 1; number <= 299; number++)
        etcd_outbox_add(outbox, number, 1024 * 1024);
    assert_int_equal(etcd_outbox_floor(outbox, 300), 299 - 64 + 1);
    free(outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_that_was_said_of_a_key_counts),
        cmocka_unit_test(what_is_joined_comes_later),
        cmocka_unit_test(only_as_many_as_fit_are_joined),
        cmocka_unit_test(bytes_have_a_limit_as_well_history_included),
        cmocka_unit_test(a_leader_is_read_as_it_was_written),
        cmocka_unit_test(a_leader_of_a_later_version_is_read_as_far_as_it_is_known),
        cmocka_unit_test(what_is_no_leader_is_refused),
        cmocka_unit_test(seq_is_read_as_it_was_written),
        cmocka_unit_test(the_outbox_keeps_a_number_of_entries),
        cmocka_unit_test(who_takes_over_keeps_what_it_does_not_know),
        cmocka_unit_test(the_outbox_keeps_so_many_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
