/* What is kept in etcd of one thing, as text: what was written is read, and nothing else is
 * believed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/etcd_value.h"

static const struct store_request whole = {
    .ticket = 7,
    .token = 9,
    .owner = "host_1_ann",
    .host = "host",
    .boot = "7171c063-a45f-4c84-ba31-0a8286a8ec7d",
    .job = "slurm:12_3",
    .login = "ann",
    .project = "chip",
    .priority = -3,
    .lost_after_s = 60,
    .asker = {.key = {UINT64_MAX, 1},
              .peer = {[10] = 255, [11] = 255, [12] = 10, [15] = 7},
              .uid = 1000,
              .proof = LOCK_PROVEN_BY_MUNGE},
    .pid = 4711,
    .start = UINT64_MAX,
    .pid_namespace = 4026531836,
    .is_found = true,
    .autounlock = true,
    .away = true,
    .asked_ms = 1000,
    .granted_ms = 2000,
    .hold_ms = 3000,
    .deadline_ms = INT64_MAX,
    .keep = {.keep_ms = 5, .until_ms = INT64_MIN, .until_boot = true},
    .demand = "a b and c",
};

static char *text_of(struct buffer *buffer)
{
    buffer_add(buffer, "", 1);
    assert_false(buffer->failed);
    return buffer->data;
}

static void assert_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        assert_true(a == b);
    else
        assert_string_equal(a, b);
}

static void assert_same(const struct store_request *a, const struct store_request *b)
{
    assert_int_equal(a->ticket, b->ticket);
    assert_int_equal(a->token, b->token);
    assert_same_text(a->owner, b->owner);
    assert_same_text(a->host, b->host);
    assert_same_text(a->boot, b->boot);
    assert_same_text(a->job, b->job);
    assert_same_text(a->login, b->login);
    assert_same_text(a->project, b->project);
    assert_same_text(a->demand, b->demand);
    assert_int_equal(a->priority, b->priority);
    assert_int_equal(a->lost_after_s, b->lost_after_s);
    assert_memory_equal(&a->asker.key, &b->asker.key, sizeof a->asker.key);
    assert_memory_equal(a->asker.peer, b->asker.peer, sizeof a->asker.peer);
    assert_int_equal(a->asker.uid, b->asker.uid);
    assert_int_equal(a->asker.proof, b->asker.proof);
    assert_int_equal(a->pid, b->pid);
    assert_true(a->start == b->start);
    assert_true(a->pid_namespace == b->pid_namespace);
    assert_int_equal(a->is_found, b->is_found);
    assert_int_equal(a->autounlock, b->autounlock);
    assert_int_equal(a->away, b->away);
    assert_int_equal(a->asked_ms, b->asked_ms);
    assert_int_equal(a->granted_ms, b->granted_ms);
    assert_int_equal(a->hold_ms, b->hold_ms);
    assert_true(a->deadline_ms == b->deadline_ms);
    assert_int_equal(a->keep.keep_ms, b->keep.keep_ms);
    assert_true(a->keep.until_ms == b->keep.until_ms);
    assert_int_equal(a->keep.until_boot, b->keep.until_boot);
}

static void a_request_comes_back_as_it_was(void **state)
{
    const struct store_request least = {.ticket = 1, .owner = "o", .demand = "a"};
    struct store_request read = {0};
    struct buffer value = {0};
    const char *fault = NULL;

    (void)state;
    etcd_value_write_request(&whole, &value);
    assert_int_equal(etcd_value_read_request(text_of(&value), &read, &fault), 0);
    assert_same(&read, &whole);
    etcd_value_write_request(&least, &value);
    assert_int_equal(etcd_value_read_request(text_of(&value), &read, &fault), 0);
    assert_same(&read, &least);
    buffer_fini(&value);
}

static void bytes_that_would_end_a_line_come_back(void **state)
{
    const struct store_unusable unusable = {.kind = STORE_OUTSIDE,
                                            .name = "pool",
                                            .seats = 3,
                                            .until_ms = INT64_MAX,
                                            .reason = "a\nname b\\0a\x01\xff c"};
    struct store_unusable read;
    struct buffer value = {0};
    const char *fault;

    (void)state;
    etcd_value_write_unusable(&unusable, &value);
    assert_int_equal(etcd_value_read_unusable(text_of(&value), &read, &fault), 0);
    assert_int_equal(read.kind, STORE_OUTSIDE);
    assert_string_equal(read.name, "pool");
    assert_int_equal(read.seats, 3);
    assert_true(read.until_ms == INT64_MAX);
    assert_string_equal(read.reason, unusable.reason);
    buffer_fini(&value);
}

static void a_clock_and_a_host_come_back(void **state)
{
    const struct store_clock clock = {
        .boot = "some-boot", .base_ms = -5, .seen_ms = 6, .keep_until_ms = 7};
    struct store_clock read;
    struct buffer value = {0};
    const char *fault, *host;

    (void)state;
    etcd_value_write_clock(&clock, &value);
    assert_int_equal(etcd_value_read_clock(text_of(&value), &read, &fault), 0);
    assert_string_equal(read.boot, clock.boot);
    assert_int_equal(read.base_ms, -5);
    assert_int_equal(read.seen_ms, 6);
    assert_int_equal(read.keep_until_ms, 7);
    etcd_value_write_host("id name boot", &value);
    assert_int_equal(etcd_value_read_host(text_of(&value), &host, &fault), 0);
    assert_string_equal(host, "id name boot");
    buffer_fini(&value);
}

static int read_text(const char *text, const char **fault)
{
    static char copy[1024];
    struct store_request request;

    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    errno = 0;
    *fault = "";
    return etcd_value_read_request(copy, &request, fault);
}

static void words_of_later_versions_are_passed_over(void **state)
{
    const char *fault;

    (void)state;
    assert_int_equal(read_text("layout 1\nticket 3\ncolour blue\nodd\nowner o\ndemand a\n", &fault),
                     0);
}

static void what_cannot_have_been_so_is_refused(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"", "layout"},
        {"ticket 3\n", "layout"},
        {"layout x\n", "layout"},
        {"layout 0\nticket 3\nowner o\ndemand a\n", "layout"},
        {"layout 1\nowner o\ndemand a\n", "ticket"},
        {"layout 1\nticket 0\nowner o\ndemand a\n", "ticket"},
        {"layout 1\nticket -1\nowner o\ndemand a\n", "ticket"},
        {"layout 1\nticket 9223372036854775807\nowner o\ndemand a\n", "ticket"},
        {"layout 1\nticket 3\ndemand a\n", "owner"},
        {"layout 1\nticket 3\nowner a b\ndemand a\n", "owner"},
        {"layout 1\nticket 3\nowner a\\00b\ndemand a\n", "owner"},
        {"layout 1\nticket 3\nowner a\\g0\ndemand a\n", "owner"},
        {"layout 1\nticket 3\nowner a\\2\ndemand a\n", "owner"},
        {"layout 1\nticket 3\nowner o\n", "demand"},
        {"layout 1\nticket 3\nowner o\ndemand a\npriority 1000000000000\n", "priority"},
        {"layout 1\nticket 3\nowner o\ndemand a\nproof 99\n", "proof"},
        {"layout 1\nticket 3\nowner o\ndemand a\nuid 4294967295\n", "uid"},
        {"layout 1\nticket 3\nowner o\ndemand a\naway yes\n", "away"},
        {"layout 1\nticket 3\nowner o\ndemand a\npeer nowhere\n", "peer"},
        {"layout 1\nticket 3\nowner o\ndemand a\nasked -1\n", "asked"},
    };
    const char *fault;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_text(cases[i].text, &fault), -1);
        assert_int_equal(errno, EINVAL);
        assert_string_equal(fault, cases[i].fault);
    }
    assert_int_equal(read_text("layout 2\nticket 3\nowner o\ndemand a\n", &fault), -1);
    assert_int_equal(errno, ENOTSUP);
}

static void who_is_not_proven_is_nobody(void **state)
{
    char text[] = "layout 1\nticket 3\nowner o\ndemand a\nuid 77\n";
    struct store_request request;
    const char *fault;

    (void)state;
    assert_int_equal(etcd_value_read_request(text, &request, &fault), 0);
    assert_int_equal(request.asker.uid, 0);
    assert_int_equal(request.asker.proof, LOCK_CLAIMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_as_it_was),
        cmocka_unit_test(bytes_that_would_end_a_line_come_back),
        cmocka_unit_test(a_clock_and_a_host_come_back),
        cmocka_unit_test(words_of_later_versions_are_passed_over),
        cmocka_unit_test(what_cannot_have_been_so_is_refused),
        cmocka_unit_test(who_is_not_proven_is_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
