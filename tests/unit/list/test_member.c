/* Members of JSON documents.
 * Must not know what a list of locks looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "list/member.h"

static void members_are_read_by_their_kind(void **state)
{
    struct json_object *object =
        json_tokener_parse("{\"text\":\"a\",\"array\":[1],\"number\":1,\"null\":null}");

    (void)state;
    assert_string_equal(member_text(object, "text"), "a");
    assert_int_equal(json_object_array_length(member_array(object, "array")), 1);
    assert_null(member_text(object, "array"));
    assert_null(member_text(object, "number"));
    assert_null(member_text(object, "null"));
    assert_null(member_text(object, "missing"));
    assert_null(member_array(object, "text"));
    assert_null(member_array(object, "null"));
    assert_null(member_text(member_array(object, "array"), "text"));
    assert_null(member_text(NULL, "text"));
    json_object_put(object);
}

static void what_was_put_in_is_there(void **state)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();

    (void)state;
    assert_true(member_append(array, json_object_new_int(1)));
    assert_true(member_append(array, member_new_text("b\033")));
    assert_true(member_put(object, "array", array));
    assert_true(member_put(object, "text", json_object_new_string("old")));
    assert_true(member_put(object, "text", member_new_text("\xff")));
    assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
                        "{\"array\":[1,\"b\\\\x1b\"],\"text\":\"\\\\xff\"}");
    json_object_put(object);
}

/* Under a sanitizer this also shows that no value is lost. */
static void what_is_missing_for_want_of_memory_is_told(void **state)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();

    (void)state;
    assert_false(member_put(object, "key", NULL));
    assert_false(member_put(NULL, "key", json_object_new_int(1)));
    assert_false(member_append(array, NULL));
    assert_false(member_append(NULL, json_object_new_int(1)));
    assert_int_equal(json_object_object_length(object), 0);
    assert_int_equal(json_object_array_length(array), 0);
    json_object_put(object);
    json_object_put(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_by_their_kind),
        cmocka_unit_test(what_was_put_in_is_there),
        cmocka_unit_test(what_is_missing_for_want_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
