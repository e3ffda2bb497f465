/* Members of JSON objects and arrays: put in without a leak, taken out by their kind.
 * Must not know any document. */
#include "member.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { VALUES_MAX = 24000000 };

/* Behind a string whose first quotation mark is at `text`; what does not end ends it. */
static const char *behind_string(const char *text)
{
    for (text++; *text != '\0' && *text != '"'; text++)
        text += *text == '\\' && text[1] != '\0';
    return *text != '\0' ? text + 1 : text;
}

static size_t count_values(const char *text)
{
    size_t count = 1;

    while (*(text += strcspn(text, "\",[{")) != '\0') {
        count += *text != '"';
        text = *text == '"' ? behind_string(text) : text + 1;
    }
    return count;
}

struct json_object *member_parse(const char *text)
{
    struct json_object *document = NULL;

    errno = E2BIG;
    if (count_values(text) <= VALUES_MAX) {
        document = json_tokener_parse(text);
        errno = EPROTO;
    }
    return document;
}

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
