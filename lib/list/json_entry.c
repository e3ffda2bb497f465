/* Members of an entry of the JSON list.
 * Must not know what an entry is about. */
#include "json_entry.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "base/rfc3339.h"
#include "member.h"

static struct json_object *new_seconds(int64_t ms)
{
    char text[32];

    /* The clock may have been set back since. */
    if (ms < 0)
        ms = 0;
    snprintf(text, sizeof text, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
    return json_object_new_double_s((double)ms / 1000.0, text);
}

void json_entry_put_null(struct json_entry *entry, const char *key)
{
    if (json_object_object_add(entry->object, key, NULL) != 0)
        entry->failed = true;
}

/* Takes over `value`, whose being NULL means that there was no memory for it. */
void json_entry_put_value(struct json_entry *entry, const char *key, struct json_object *value)
{
    if (!member_put(entry->object, key, value))
        entry->failed = true;
}

void json_entry_put_text(struct json_entry *entry, const char *key, const char *text)
{
    if (text == NULL)
        json_entry_put_null(entry, key);
    else
        json_entry_put_value(entry, key, member_new_text(text));
}

/* Left out where it is not known. */
void json_entry_put_known(struct json_entry *entry, const char *key, const char *text)
{
    if (text != NULL)
        json_entry_put_value(entry, key, member_new_text(text));
}

void json_entry_put_positive(struct json_entry *entry, const char *key, uint64_t number)
{
    if (number == 0)
        json_entry_put_null(entry, key);
    else
        json_entry_put_value(entry, key, json_object_new_uint64(number));
}

void json_entry_put_count(struct json_entry *entry, const char *key, int64_t number)
{
    if (number < 0)
        json_entry_put_null(entry, key);
    else
        json_entry_put_value(entry, key, json_object_new_int64(number));
}

void json_entry_put_time(struct json_entry *entry, const char *key, int64_t time_ms)
{
    char text[RFC3339_SIZE];

    if (time_ms < 0) {
        json_entry_put_null(entry, key);
        return;
    }
    rfc3339_format(text, time_ms);
    json_entry_put_value(entry, key, json_object_new_string(text));
}

void json_entry_put_elapsed(struct json_entry *entry, const char *key, int64_t since_ms,
                            int64_t now_ms)
{
    if (since_ms < 0)
        json_entry_put_null(entry, key);
    else
        json_entry_put_value(entry, key, new_seconds(now_ms - since_ms));
}

void json_entry_put_flag(struct json_entry *entry, const char *key, enum list_json_flag flag)
{
    if (flag == LIST_JSON_UNKNOWN)
        json_entry_put_null(entry, key);
    else
        json_entry_put_value(entry, key, json_object_new_boolean(flag == LIST_JSON_YES));
}

/* Left out where it is not so. */
void json_entry_put_true(struct json_entry *entry, const char *key, bool is_so)
{
    if (is_so)
        json_entry_put_flag(entry, key, LIST_JSON_YES);
}
