/* The JSON lock list.
 * Must not need files, sockets or time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "list/json.h"

static const struct list_json_server some_server = {
    .version = "1.2", .started_s = 1000000000, .protocol = 2};

static struct json_object *parse(char *text)
{
    struct json_object *object = json_tokener_parse(text);

    free(text);
    assert_non_null(object);
    return object;
}

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    assert_true(json_object_object_get_ex(object, key, &value));
    return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
    return json_object_get_string(member(object, key));
}

static void an_empty_list_is_a_whole_document(void **state)
{
    size_t len = 0;
    char *text = list_json_end(list_json_begin(&some_server, 1000000001234), &len);
    struct json_object *document;

    (void)state;
    assert_int_equal(len, strlen(text));
    document = parse(text);
    assert_int_equal(json_object_get_int(member(document, "version")), 1);
    assert_string_equal(text_of(document, "time"), "2001-09-09T01:46:41.234Z");
    assert_string_equal(text_of(member(document, "server"), "started"), "2001-09-09T01:46:40.000Z");
    assert_int_equal(json_object_array_length(member(document, "locks")), 0);
    assert_int_equal(json_object_array_length(member(document, "waiters")), 0);
    json_object_put(document);
}

static void what_is_not_known_is_null(void **state)
{
    struct lock_json *json = list_json_begin(&some_server, 5000);
    const struct list_json_lock bare = {.name = "n",
                                        .owner = "someone",
                                        .held_since_ms = -1,
                                        .hold_limit_s = -1,
                                        .autounlock = LIST_JSON_UNKNOWN,
                                        .connected = LIST_JSON_UNKNOWN,
                                        .silent_ms = -1,
                                        .waiting = -1};
    static const char *const nulls[] = {
        "user",       "host",           "pid",        "job",
        "held_since", "held_seconds",   "autounlock", "hold_limit_seconds",
        "connected",  "silent_seconds", "token",      "waiting"};
    struct json_object *document, *lock;

    (void)state;
    list_json_add_lock(json, &bare);
    document = parse(list_json_end(json, NULL));
    lock = json_object_array_get_idx(member(document, "locks"), 0);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        assert_null(member(lock, nulls[i]));
    assert_int_equal(json_object_object_length(lock), 17);
    json_object_put(document);
}

static void what_is_known_is_told(void **state)
{
    struct lock_json *json = list_json_begin(&some_server, 61500);
    const struct list_json_lock full = {.name = "n",
                                        .owner = "farm7_42_jane_doe",
                                        .host = "farm7",
                                        .pid = 42,
                                        .job = "slurm:7",
                                        .held_since_ms = 60000,
                                        .hold_limit_s = 0,
                                        .autounlock = LIST_JSON_NO,
                                        .token = UINT64_MAX,
                                        .waiting = 3};
    static const char *const names[] = {"a", "b"};
    struct lock_group wanted = {.names = names, .name_count = 2, .count = 1};
    const struct lock_demand wants = {.groups = &wanted, .group_count = 1};
    const struct list_json_waiter waiter = {
        .owner = "o", .wants = &wants, .position = 1, .waiting_since_ms = 61000};
    struct json_object *document, *lock, *group;

    (void)state;
    list_json_add_lock(json, &full);
    list_json_add_lock(json, &full);
    list_json_add_waiter(json, &waiter);
    list_json_add_waiter(json, &waiter);
    document = parse(list_json_end(json, NULL));
    assert_int_equal(json_object_array_length(member(document, "locks")), 2);
    assert_int_equal(json_object_array_length(member(document, "waiters")), 2);
    lock = json_object_array_get_idx(member(document, "locks"), 1);
    assert_string_equal(text_of(lock, "user"), "jane_doe");
    assert_string_equal(text_of(lock, "held_seconds"), "1.500");
    assert_string_equal(text_of(lock, "token"), "18446744073709551615");
    assert_int_equal(json_object_get_int(member(lock, "hold_limit_seconds")), 0);
    assert_false(json_object_get_boolean(member(lock, "autounlock")));
    group = json_object_array_get_idx(member(document, "waiters"), 0);
    assert_string_equal(text_of(group, "waiting_seconds"), "0.500");
    group = json_object_array_get_idx(member(group, "wants"), 0);
    assert_int_equal(json_object_get_int(member(group, "count")), 1);
    assert_int_equal(json_object_array_length(member(group, "names")), 2);
    json_object_put(document);
}

static void hostile_names_stay_valid_json(void **state)
{
    struct lock_json *json = list_json_begin(&some_server, 0);
    const struct list_json_lock hostile = {.name = "\xff\x1b[2J\"\\\xc3\xa9",
                                           .owner = "\xe2\x80\xae_1_\xc3",
                                           .held_since_ms = -1,
                                           .waiting = -1};
    struct json_object *document, *lock;

    (void)state;
    list_json_add_lock(json, &hostile);
    document = parse(list_json_end(json, NULL));
    lock = json_object_array_get_idx(member(document, "locks"), 0);
    assert_string_equal(text_of(lock, "name"), "\\xff\\x1b[2J\"\\\xc3\xa9");
    assert_string_equal(text_of(lock, "owner"), "\\xe2\\x80\\xae_1_\\xc3");
    assert_string_equal(text_of(lock, "user"), "\\xc3");
    json_object_put(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_is_a_whole_document),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(what_is_known_is_told),
        cmocka_unit_test(hostile_names_stay_valid_json),
    };

    return cmocka_run_group_tests_name("lock_json", tests, NULL, NULL);
}
