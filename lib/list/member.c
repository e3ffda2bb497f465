/* Members of JSON objects and arrays: put in without a leak, taken out by their kind.
 * Must not know any document. */
#include "member.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/text.h"

bool member_put(struct json_object *object, const char *key, struct json_object *value)
{
    if (object != NULL && value != NULL && json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

bool member_append(struct json_object *array, struct json_object *value)
{
    if (array != NULL && value != NULL && json_object_array_add(array, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

struct json_object *member_new_text(const char *text)
{
    char *clean = text_clean_dup(text);
    struct json_object *value = clean != NULL ? json_object_new_string(clean) : NULL;

    free(clean);
    return value;
}

static struct json_object *member_of(struct json_object *object, const char *key,
                                     enum json_type type)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type)
               ? value
               : NULL;
}

const char *member_text(struct json_object *object, const char *key)
{
    struct json_object *value = member_of(object, key, json_type_string);

    return value != NULL ? json_object_get_string(value) : NULL;
}

struct json_object *member_array(struct json_object *object, const char *key)
{
    return member_of(object, key, json_type_array);
}
