/* What is said to etcd, byte by byte where somebody else's bytes are known, and by its tree where
 * they are long; and what is understood of answers.
 * Must not talk to anybody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/etcd/etcd.pb-c.h"
#include "store/etcd/wire.h"

enum { KEY_SIZE = 16 };

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct buffer));
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    buffer_fini(*state);
    free(*state);
    return 0;
}

static void assert_bytes(const struct buffer *buffer, const char *expected, size_t len)
{
    assert_int_equal(buffer->len, len);
    assert_memory_equal(buffer->data, expected, len);
}

/* Puts of as many keys. */
static struct etcd_op *puts_of(size_t count, char (**keys)[KEY_SIZE])
{
    struct etcd_op *ops = calloc(count, sizeof *ops);

    *keys = calloc(count, sizeof **keys);
    assert_non_null(ops);
    assert_non_null(*keys);
    for (size_t i = 0; i < count; i++) {
        snprintf((*keys)[i], KEY_SIZE, "k%04zu", i);
        ops[i] = (struct etcd_op){ETCD_PUT, etcd_bytes_of((*keys)[i]), etcd_bytes_of("v")};
    }
    return ops;
}

/* As etcd counts: the most that one list of it has, and what is left for the inner ones. */
static void assert_fits(const Etcd__TxnRequest *request, size_t room, size_t *seen)
{
    size_t most = request->n_success;

    if (request->n_compare > most)
        most = request->n_compare;
    if (request->n_failure > most)
        most = request->n_failure;
    assert_true(most <= room);
    for (size_t i = 0; i < request->n_success; i++) {
        const Etcd__Operation *operation = request->success[i];

        if (operation->what_case == ETCD__OPERATION__WHAT_TXN)
            assert_fits(operation->txn, room - most, seen);
        else
            ++*seen;
    }
}

static void a_guarded_put_is_told_by_its_field_numbers(void **state)
{
    const struct etcd_guard guard = {etcd_bytes_of("a"), 7};
    const struct etcd_op op = {ETCD_PUT, etcd_bytes_of("b"), etcd_bytes_of("cd")};
    const struct etcd_wire_txn txn = {
        .guards = &guard, .guard_count = 1, .ops = &op, .op_count = 1};

    assert_int_equal(etcd_wire_txn(*state, &txn), 0);
    assert_bytes(*state,
                 "\x0a\x07\x10\x02\x1a\x01"
                 "a\x30\x07"
                 "\x12\x09\x12\x07\x0a\x01"
                 "b\x12\x02"
                 "cd",
                 20);
}

static void a_key_that_must_not_be_there_is_compared_with_zero(void **state)
{
    const struct etcd_guard guard = {etcd_bytes_of("a"), 0};
    const struct etcd_wire_txn txn = {.guards = &guard, .guard_count = 1};

    assert_int_equal(etcd_wire_txn(*state, &txn), 0);
    assert_bytes(*state,
                 "\x0a\x07\x10\x02\x1a\x01"
                 "a\x30\x00",
                 9);
}

static void removals_name_a_key_or_all_up_to_another(void **state)
{
    const struct etcd_op ops[] = {{ETCD_REMOVE, etcd_bytes_of("a"), {NULL, 0}},
                                  {ETCD_REMOVE_RANGE, etcd_bytes_of("b"), etcd_bytes_of("c")}};
    const struct etcd_wire_txn txn = {.ops = ops, .op_count = 2};

    assert_int_equal(etcd_wire_txn(*state, &txn), 0);
    assert_bytes(*state,
                 "\x12\x05\x1a\x03\x0a\x01"
                 "a"
                 "\x12\x08\x1a\x06\x0a\x01"
                 "b\x12\x01"
                 "c",
                 17);
}

static void a_page_is_asked_for_as_of_a_revision(void **state)
{
    const struct etcd_range range = {etcd_bytes_of("a"), etcd_bytes_of("b"), 100, 5, true};

    assert_int_equal(etcd_wire_range(*state, &range), 0);
    assert_bytes(*state,
                 "\x0a\x01"
                 "a\x12\x01"
                 "b\x18\x64\x20\x05\x38\x01",
                 12);
}

static void small_requests_have_their_numbers(void **state)
{
    assert_int_equal(etcd_wire_compact(*state, 300), 0);
    assert_bytes(*state, "\x08\xac\x02", 3);
    assert_int_equal(etcd_wire_authenticate(*state, "me", "pw"), 0);
    assert_bytes(*state, "\x0a\x02me\x12\x02pw", 8);
    assert_int_equal(etcd_wire_status(*state), 0);
    assert_int_equal(((struct buffer *)*state)->len, 0);
}

static void transactions_of_every_size_keep_within_etcds_limit(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 101, 128, 129, 4000, 4095, ETCD_OPS_MOST};
    const struct etcd_range look = {etcd_bytes_of("a"), etcd_bytes_of("b"), 0, 0, false};
    char(*keys)[KEY_SIZE];
    struct etcd_op *ops = puts_of(ETCD_OPS_MOST, &keys);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct etcd_wire_txn txn = {.ops = ops, .op_count = sizes[i], .look = &look};
        const struct buffer *out = *state;
        Etcd__TxnRequest *request;
        size_t seen = 0;

        assert_int_equal(etcd_wire_txn(*state, &txn), 0);
        request = etcd__txn_request__unpack(NULL, out->len, (const uint8_t *)out->data);
        assert_non_null(request);
        assert_fits(request, 128, &seen);
        assert_int_equal(seen, sizes[i]);
        assert_int_equal(request->n_failure, 1);
        etcd__txn_request__free_unpacked(request, NULL);
    }
    free(ops);
    free(keys);
}

static void more_than_fits_is_refused(void **state)
{
    const struct etcd_wire_txn txn = {.op_count = ETCD_OPS_MOST + 1};
    const struct etcd_wire_txn guarded = {.guard_count = 17};

    assert_int_equal(etcd_wire_txn(*state, &txn), -1);
    assert_int_equal(errno, E2BIG);
    assert_int_equal(etcd_wire_txn(*state, &guarded), -1);
    assert_int_equal(errno, E2BIG);
}

static void put_in(struct buffer *buffer, const char *bytes, size_t len)
{
    buffer_drop(buffer, buffer->len);
    buffer_add(buffer, bytes, len);
}

static int count_rows(void *context, const struct etcd_row *row)
{
    size_t *count = context;

    assert_int_equal(row->key.len, 1);
    assert_memory_equal(row->key.data, "k", 1);
    assert_int_equal(row->value.len, 2);
    assert_memory_equal(row->value.data, "vw", 2);
    assert_int_equal(row->revision, 6);
    return ++*count < 3 ? 0 : -1;
}

#define HEADER "\x0a\x06\x08\x09\x10\x08\x18\x07"
#define ROW "\x0a\x01k\x18\x06\x2a\x02vw"

static void rows_of_a_page_are_told_in_order(void **state)
{
    struct etcd_answer answer;
    size_t count = 0;

    put_in(*state, HEADER "\x12\x09" ROW "\x12\x09" ROW "\x18\x01\x20\x05", 34);
    assert_int_equal(etcd_wire_read_range(*state, &answer, count_rows, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(answer.cluster_id, 9);
    assert_int_equal(answer.member_id, 8);
    assert_int_equal(answer.revision, 7);
    assert_true(answer.more);
    assert_int_equal(etcd_wire_read_range(*state, &answer, NULL, NULL), 0);
    assert_int_equal(etcd_wire_read_range(*state, &answer, count_rows, &count), -1);
}

static void what_a_failed_transaction_saw_is_told(void **state)
{
    struct etcd_answer answer;
    size_t count = 0;

    put_in(*state, HEADER "\x1a\x0d\x0a\x0b\x12\x09" ROW, 23);
    assert_int_equal(etcd_wire_read_txn(*state, &answer, count_rows, &count), 0);
    assert_false(answer.succeeded);
    assert_int_equal(count, 1);
}

static void answers_to_puts_and_removals_are_passed_over(void **state)
{
    struct etcd_answer answer;

    put_in(*state, HEADER "\x10\x01\x1a\x02\x12\x00\x1a\x04\x1a\x02\x10\x01", 20);
    assert_int_equal(etcd_wire_read_txn(*state, &answer, count_rows, NULL), 0);
    assert_true(answer.succeeded);
    assert_int_equal(answer.revision, 7);
}

static void what_is_left_out_is_zero(void **state)
{
    struct etcd_answer answer = {.revision = 1, .succeeded = true};
    struct etcd_status status;

    assert_int_equal(etcd_wire_read_txn(*state, &answer, NULL, NULL), 0);
    assert_false(answer.succeeded);
    assert_int_equal(answer.revision, 0);
    assert_int_equal(etcd_wire_read_status(*state, &status), 0);
    assert_string_equal(status.version, "");
    assert_string_equal(status.errors, "");
}

static void what_is_no_message_is_an_error(void **state)
{
    struct etcd_answer answer;
    struct etcd_status status;
    struct buffer token = {0};

    put_in(*state, "\x0a\x7f", 2);
    assert_int_equal(etcd_wire_read_txn(*state, &answer, NULL, NULL), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(etcd_wire_read_range(*state, &answer, NULL, NULL), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(etcd_wire_read_status(*state, &status), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(etcd_wire_read_token(*state, &token), -1);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(token.len, 0);
}

static void a_members_status_is_kept_within_its_room(void **state)
{
    struct etcd_status status;
    struct buffer *bytes = *state;

    put_in(bytes,
           HEADER "\x12\x06"
                  "3.4.23\x18\x64\x20\x05\x48\x32",
           22);
    for (int i = 0; i < 3; i++) {
        buffer_add(bytes, "\x42\x78", 2);
        for (int j = 0; j < 120; j++)
            buffer_add(bytes, "x", 1);
    }
    assert_int_equal(etcd_wire_read_status(bytes, &status), 0);
    assert_string_equal(status.version, "3.4.23");
    assert_int_equal(status.bytes, 100);
    assert_int_equal(status.bytes_in_use, 50);
    assert_int_equal(status.leader_id, 5);
    assert_int_equal(status.cluster_id, 9);
    assert_int_equal(strlen(status.errors), ETCD_ERRORS_SIZE - 1);
    assert_memory_equal(status.errors + 118, "xx; xx", 6);
}

static void a_token_replaces_the_one_before(void **state)
{
    struct buffer token = {0};

    buffer_add_text(&token, "older");
    put_in(*state, HEADER "\x12\x03new", 13);
    assert_int_equal(etcd_wire_read_token(*state, &token), 0);
    assert_bytes(&token, "new", 3);
    buffer_fini(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guarded_put_is_told_by_its_field_numbers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_key_that_must_not_be_there_is_compared_with_zero, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(removals_name_a_key_or_all_up_to_another, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_is_asked_for_as_of_a_revision, setup, teardown),
        cmocka_unit_test_setup_teardown(small_requests_have_their_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(transactions_of_every_size_keep_within_etcds_limit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(more_than_fits_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_a_page_are_told_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_failed_transaction_saw_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_puts_and_removals_are_passed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_left_out_is_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_message_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(a_members_status_is_kept_within_its_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_replaces_the_one_before, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
