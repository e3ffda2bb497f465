/* The JSON list as structs.
 * Must not need files, sockets or time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "list/json.h"
#include "list/rows.h"

static const char document[] =
    "{\"version\":1, \"time\":\"2026-11-28T12:00:00.500Z\",\n"
    "\"server\":{\"version\":\"0.1.0\",\"started\":\"2026-11-28T11:00:00.000Z\",\"protocol\":2},\n"
    "\"locks\":[\n"
    "{\"name\":\"vcs1\",\"owner\":\"h_7_anna\",\"user\":\"anna\",\"host\":\"h\",\"pid\":7,"
    "\"job\":\"slurm:4711\",\"proof\":\"munge\",\"uid\":1001,\"login\":\"anna\","
    "\"held_since\":\"2026-11-28T11:59:00.000Z\",\"held_seconds\":60.500,"
    "\"hold_limit_seconds\":3600,\"autounlock\":true,\"token\":18446744073709551615,"
    "\"waiting\":2,\"pool\":\"vcs\",\"project\":\"chipA\",\"shared\":true,\"kept\":true,\"kept_"
    "until\":\"2026-11-28T12:00:00.000Z\",\"silent_seconds\":5,\"later\":[{}]},\n"
    "{\"name\":\"x\\u001b\",\"owner\":\"o\",\"user\":null,\"pid\":\"7\",\"held_seconds\":null}],\n"
    "\"waiters\":[{\"owner\":\"w\",\"position\":3,\"of\":120,\"priority\":-5,"
    "\"reason\":\"limit\",\"waiting_seconds\":1,"
    "\"wants\":[{\"count\":2,\"names\":[\"vcs\"]},{\"count\":1,\"names\":[\"a\",\"b\"],"
    "\"shared\":true}]}],\n"
    "\"pools\":[{\"name\":\"vcs\",\"total\":8,\"held\":6,\"oldest_wait_seconds\":null}],\n"
    "\"unknown\":[1,\"]\"], \"also\":{\"locks\":[1]}}\n";

static void what_is_there_is_told(void **state)
{
    struct ipclocker_list *list = list_rows_create(document);
    const struct ipclocker_list_lock *lock;

    (void)state;
    assert_non_null(list);
    assert_int_equal(ipclocker_list_head(list)->protocol, 2);
    assert_string_equal(ipclocker_list_head(list)->version, "0.1.0");
    assert_int_equal(ipclocker_list_head(list)->time_ms, 1795867200500);
    assert_int_equal(ipclocker_list_head(list)->started_ms, 1795863600000);
    assert_int_equal(ipclocker_list_lock_count(list), 2);
    lock = ipclocker_list_lock(list, 0);
    assert_string_equal(lock->name, "vcs1");
    assert_string_equal(lock->by.owner, "h_7_anna");
    assert_string_equal(lock->by.job, "slurm:4711");
    assert_int_equal(lock->by.who.proof, IPCLOCKER_PROVEN_BY_MUNGE);
    assert_int_equal(lock->by.who.uid, 1001);
    assert_int_equal(lock->by.pid, 7);
    assert_int_equal(lock->held_ms, 60500);
    assert_int_equal(lock->since_ms, 1795867140000);
    assert_int_equal(lock->hold_limit, 3600);
    assert_true(lock->token == UINT64_MAX);
    assert_int_equal(lock->waiting, 2);
    assert_int_equal(lock->autounlock, 1);
    assert_true(lock->shared && lock->kept && !lock->until_boot);
    assert_int_equal(lock->kept_until, 1795867200000);
    assert_int_equal(lock->silent, 5);
    assert_string_equal(lock->pool, "vcs");
    assert_string_equal(lock->by.project, "chipA");
    ipclocker_list_free(list);
}

static void what_is_not_there_or_of_another_type_is_not_known(void **state)
{
    struct ipclocker_list *list = list_rows_create(document);
    const struct ipclocker_list_lock *lock;

    (void)state;
    assert_non_null(list);
    lock = ipclocker_list_lock(list, 1);
    assert_string_equal(lock->name, "x\033");
    assert_null(lock->by.user);
    assert_null(lock->by.host);
    assert_null(lock->pool);
    assert_int_equal(lock->by.pid, 0);
    assert_int_equal(lock->by.who.proof, IPCLOCKER_CLAIMED);
    assert_int_equal(lock->held_ms, -1);
    assert_int_equal(lock->since_ms, -1);
    assert_int_equal(lock->hold_limit, -1);
    assert_int_equal(lock->waiting, -1);
    assert_int_equal(lock->autounlock, -1);
    assert_int_equal(lock->kept_until, -1);
    assert_int_equal(lock->silent, -1);
    ipclocker_list_free(list);
}

static void waiters_have_groups_of_names(void **state)
{
    struct ipclocker_list *list = list_rows_create(document);
    const struct ipclocker_list_waiter *waiter;

    (void)state;
    assert_non_null(list);
    assert_int_equal(ipclocker_list_waiter_count(list), 1);
    waiter = ipclocker_list_waiter(list, 0);
    assert_int_equal(waiter->group_count, 2);
    assert_int_equal(waiter->groups[0].count, 2);
    assert_string_equal(waiter->groups[0].names[0], "vcs");
    assert_int_equal(waiter->groups[1].name_count, 2);
    assert_string_equal(waiter->groups[1].names[1], "b");
    assert_true(waiter->groups[1].shared);
    assert_int_equal(waiter->position, 3);
    assert_int_equal(waiter->of, 120);
    assert_int_equal(waiter->priority, -5);
    assert_int_equal(waiter->waited_ms, 1000);
    assert_string_equal(waiter->reason, "limit");
    assert_int_equal(ipclocker_list_pool_count(list), 1);
    assert_int_equal(ipclocker_list_pool(list, 0)->held, 6);
    assert_int_equal(ipclocker_list_pool(list, 0)->oldest_ms, -1);
    ipclocker_list_free(list);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"locks\":[]}",
        "{\"locks\":[],\"waiters\":[]",
        "{\"locks\":[],\"waiters\":[]}x",
        "{\"locks\":[,],\"waiters\":[]}",
        "{\"locks\":[{\"name\":\"a\",\"owner\":\"o\"} \"waiters\":[]}",
        "{7:[]}",
        "{\"locks\":{},\"waiters\":[]}",
        "{\"locks\":7,\"waiters\":[]}",
        "null",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        if (list_rows_create(wrong[i]) != NULL)
            fail_msg("%s is taken for a list", wrong[i]);
        assert_int_equal(errno, EPROTO);
    }
}

static void strange_entries_do_no_harm(void **state)
{
    struct ipclocker_list *list = list_rows_create(
        "{\"locks\":[1,null,[],{\"name\":7},{\"owner\":\"o\"}],\"pools\":[7,{}],"
        "\"waiters\":[{},{\"wants\":[]},{\"wants\":[1]},{\"wants\":[{\"names\":[]}]},"
        "{\"wants\":[{\"names\":[1]}]},{\"wants\":[{\"names\":[\"a\"]}]}]}");

    (void)state;
    assert_non_null(list);
    assert_int_equal(ipclocker_list_lock_count(list), 2);
    assert_string_equal(ipclocker_list_lock(list, 0)->name, "");
    assert_string_equal(ipclocker_list_lock(list, 0)->by.owner, "");
    assert_string_equal(ipclocker_list_lock(list, 1)->by.owner, "o");
    assert_int_equal(ipclocker_list_waiter_count(list), 6);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ipclocker_list_waiter(list, i)->group_count, 0);
    assert_string_equal(ipclocker_list_waiter(list, 5)->groups[0].names[0], "a");
    assert_int_equal(ipclocker_list_pool_count(list), 1);
    assert_int_equal(ipclocker_list_head(list)->protocol, 1);
    ipclocker_list_free(list);
}

static void an_entry_without_end_does_not_fill_the_memory(void **state)
{
    static const char begin[] = "{\"locks\":[{\"name\":\"a\",\"owner\":\"o\",\"x\":[0";
    size_t len = (size_t)2 * LIST_ENTRY_MAX;
    char *text = malloc(len + 1);

    (void)state;
    assert_non_null(text);
    memcpy(text, begin, sizeof begin - 1);
    for (size_t i = sizeof begin - 1; i < len; i++)
        text[i] = i % 2 != 0 ? ',' : '0';
    text[len] = '\0';
    errno = 0;
    assert_null(list_rows_create(text));
    assert_true(errno == E2BIG || errno == EPROTO);
    free(text);
}

static void what_a_server_writes_is_read(void **state)
{
    const struct list_json_server server = {.version = "1", .started_s = 5, .protocol = 2};
    const struct list_json_lock lock = {
        .name = "\xff", .owner = "h_7_bob", .held_since_ms = 9000, .token = 5, .waiting = 0};
    struct lock_json *json = list_json_begin(&server, 10000);
    struct ipclocker_list *list;
    char *text;

    (void)state;
    list_json_add_lock(json, &lock);
    text = list_json_end(json, NULL);
    list = list_rows_create(text);
    assert_non_null(list);
    assert_string_equal(ipclocker_list_lock(list, 0)->name, "\\xff");
    assert_string_equal(ipclocker_list_lock(list, 0)->by.user, "bob");
    assert_int_equal(ipclocker_list_lock(list, 0)->held_ms, 1000);
    ipclocker_list_free(list);
    free(text);
}

static void entries_can_be_picked_one_by_one(void **state)
{
    struct ipclocker_list *list = list_rows_create_empty();

    (void)state;
    assert_non_null(list);
    assert_int_equal(list_entries_read(document, list_rows_take, list), 0);
    assert_int_equal(ipclocker_list_lock_count(list), 2);
    list_rows_clear(list);
    assert_int_equal(ipclocker_list_lock_count(list), 0);
    assert_int_equal(ipclocker_list_waiter_count(list), 0);
    ipclocker_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_told),
        cmocka_unit_test(what_is_not_there_or_of_another_type_is_not_known),
        cmocka_unit_test(waiters_have_groups_of_names),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(strange_entries_do_no_harm),
        cmocka_unit_test(an_entry_without_end_does_not_fill_the_memory),
        cmocka_unit_test(what_a_server_writes_is_read),
        cmocka_unit_test(entries_can_be_picked_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
