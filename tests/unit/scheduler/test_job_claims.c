/* What jobs hold and wait for, out of lists sound and unsound.
 * Must not need a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "list/json.h"
#include "scheduler/job_claims.h"

static char *make_list(void)
{
    static const char *const names[] = {"a", "b"};
    struct lock_group wanted = {.names = names, .name_count = 2, .count = 1};
    const struct lock_demand wants = {.groups = &wanted, .group_count = 1};
    const struct list_json_server server = {.version = "1", .started_s = 1, .protocol = 2};
    const struct list_json_lock held = {.name = "a",
                                        .owner = "olga",
                                        .job = "slurm:7@lab",
                                        .held_since_ms = 1795370000123,
                                        .autounlock = LIST_JSON_NO,
                                        .token = 1};
    const struct list_json_lock jobless = {
        .name = "b", .owner = "omar", .held_since_ms = 1795370001123};
    const struct list_json_waiter waiter = {
        .owner = "otto", .job = "lsf:8", .wants = &wants, .waiting_since_ms = 1795370002000};
    struct lock_json *json = list_json_begin(&server, 1795370002123);

    list_json_add_lock(json, &held);
    list_json_add_lock(json, &jobless);
    list_json_add_waiter(json, &waiter);
    return list_json_end(json, NULL);
}

static void claims_are_read_as_the_server_wrote_them(void **state)
{
    char *list = make_list();
    struct job_claims claims;

    (void)state;
    assert_int_equal(job_claims_parse(&claims, list), 0);
    free(list);
    assert_int_equal(claims.listed_ms, 1795370002123);
    assert_int_equal(claims.count, 3);
    assert_string_equal(claims.claims[0].job, "slurm:7@lab");
    assert_string_equal(claims.claims[0].lock, "a");
    assert_string_equal(claims.claims[0].owner, "olga");
    assert_int_equal(claims.claims[0].since_ms, 1795370000123);
    assert_null(claims.claims[1].job);
    assert_string_equal(claims.claims[2].job, "lsf:8");
    assert_null(claims.claims[2].lock);
    assert_int_equal(claims.claims[2].since_ms, 1795370002000);
    job_claims_fini(&claims);
}

#define TIME "\"time\":\"2026-11-22T17:28:05.123Z\""

static void what_is_no_such_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "7",
        "{",
        "{}",
        "{" TIME "}",
        "{" TIME ",\"locks\":[]}",
        "{" TIME ",\"locks\":{},\"waiters\":[]}",
        "{\"time\":\"yesterday\",\"locks\":[],\"waiters\":[]}",
        "{\"time\":\"2026-11-22T17:28:05Z\",\"locks\":[],\"waiters\":[]}",
        "{\"time\":7,\"locks\":[],\"waiters\":[]}",
        "{" TIME ",\"locks\":[7],\"waiters\":[]}",
        "{" TIME ",\"locks\":[null],\"waiters\":[]}",
        "{" TIME ",\"locks\":[{\"owner\":\"o\",\"held_seconds\":1}],\"waiters\":[]}",
        "{" TIME ",\"locks\":[{\"owner\":\"o\",\"name\":\"n\"}],\"waiters\":[]}",
        "{" TIME
        ",\"locks\":[{\"owner\":\"o\",\"name\":\"n\",\"held_seconds\":null}],\"waiters\":[]}",
        "{" TIME
        ",\"locks\":[{\"owner\":\"o\",\"name\":\"n\",\"held_seconds\":-1}],\"waiters\":[]}",
        "{" TIME
        ",\"locks\":[{\"owner\":\"o\",\"name\":\"n\",\"held_seconds\":1e99}],\"waiters\":[]}",
        "{" TIME ",\"locks\":[],\"waiters\":[{\"job\":\"j\",\"waiting_seconds\":1}]}",
    };
    struct job_claims claims;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        print_message("# %s\n", wrong[i]);
        assert_int_equal(job_claims_parse(&claims, wrong[i]), -1);
        assert_int_equal(errno, EPROTO);
    }
    assert_int_equal(job_claims_parse(&claims, "{" TIME ",\"locks\":[],\"waiters\":[]}"), 0);
    assert_int_equal(claims.count, 0);
    job_claims_fini(&claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_read_as_the_server_wrote_them),
        cmocka_unit_test(what_is_no_such_list_is_refused),
    };

    return cmocka_run_group_tests_name("job_claims", tests, NULL, NULL);
}
