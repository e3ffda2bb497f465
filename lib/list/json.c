/* The JSON list of locks and waiters, one json-c object an entry, written to a growing text.
 * Must not trust a string to be UTF-8, nor hold the whole list as objects. */
#include "json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "member.h"
#include "protocol/owner_name.h"

enum section { SECTION_LOCKS, SECTION_WAITERS };

struct lock_json {
    FILE *out;
    char *text;
    size_t text_len;
    int64_t now_ms;
    enum section section;
    size_t section_entries;
    bool failed;
};

/* An object in the making. */
struct entry {
    struct json_object *object;
    bool failed;
};

static struct json_object *new_seconds(int64_t ms)
{
    char text[32];

    /* The clock may have been set back since. */
    if (ms < 0)
        ms = 0;
    snprintf(text, sizeof text, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
    return json_object_new_double_s((double)ms / 1000.0, text);
}

static void put_null(struct entry *entry, const char *key)
{
    if (json_object_object_add(entry->object, key, NULL) != 0)
        entry->failed = true;
}

/* Takes over `value`, whose being NULL means that there was no memory for it. */
static void put_value(struct entry *entry, const char *key, struct json_object *value)
{
    if (!member_put(entry->object, key, value))
        entry->failed = true;
}

static void put_text(struct entry *entry, const char *key, const char *text)
{
    if (text == NULL)
        put_null(entry, key);
    else
        put_value(entry, key, member_new_text(text));
}

static void put_positive(struct entry *entry, const char *key, uint64_t number)
{
    if (number == 0)
        put_null(entry, key);
    else
        put_value(entry, key, json_object_new_uint64(number));
}

static void put_count(struct entry *entry, const char *key, int64_t number)
{
    if (number < 0)
        put_null(entry, key);
    else
        put_value(entry, key, json_object_new_int64(number));
}

static void put_time(struct entry *entry, const char *key, int64_t time_ms)
{
    char text[RFC3339_SIZE];

    if (time_ms < 0) {
        put_null(entry, key);
        return;
    }
    rfc3339_format(text, time_ms);
    put_value(entry, key, json_object_new_string(text));
}

static void put_elapsed(struct entry *entry, const char *key, int64_t since_ms, int64_t now_ms)
{
    if (since_ms < 0)
        put_null(entry, key);
    else
        put_value(entry, key, new_seconds(now_ms - since_ms));
}

static void put_flag(struct entry *entry, const char *key, enum list_json_flag flag)
{
    if (flag == LIST_JSON_UNKNOWN)
        put_null(entry, key);
    else
        put_value(entry, key, json_object_new_boolean(flag == LIST_JSON_YES));
}

static void put_owner(struct entry *entry, const char *owner, const char *host, uint64_t pid,
                      const char *job)
{
    put_text(entry, "owner", owner);
    put_text(entry, "user", owner_name_user(owner));
    put_text(entry, "host", host);
    put_positive(entry, "pid", pid);
    put_text(entry, "job", job);
}

static struct json_object *new_group(const struct lock_group *group)
{
    struct entry entry = {.object = json_object_new_object()};
    struct json_object *names = json_object_new_array();

    if (entry.object == NULL || names == NULL)
        entry.failed = true;
    for (size_t i = 0; i < group->name_count && !entry.failed; i++)
        entry.failed = !member_append(names, member_new_text(group->names[i]));
    if (entry.failed) {
        json_object_put(names);
        json_object_put(entry.object);
        return NULL;
    }
    put_count(&entry, "count", (int64_t)group->count);
    put_value(&entry, "names", names);
    if (!entry.failed)
        return entry.object;
    json_object_put(entry.object);
    return NULL;
}

static void put_wants(struct entry *entry, const struct lock_demand *wants)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < wants->group_count && array != NULL; i++) {
        if (!member_append(array, new_group(&wants->groups[i]))) {
            json_object_put(array);
            array = NULL;
        }
    }
    put_value(entry, "wants", array);
}

static void begin_entry(struct entry *entry)
{
    entry->object = json_object_new_object();
    entry->failed = entry->object == NULL;
}

/* Writes an entry's text and frees it. */
static void write_entry(struct lock_json *json, struct entry *entry)
{
    const char *text = NULL;

    if (!entry->failed)
        text = json_object_to_json_string_ext(entry->object, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text == NULL || fputs(text, json->out) == EOF)
        json->failed = true;
    json_object_put(entry->object);
}

/* Each entry has a line of its own, which is kind to grep(1) and to people. */
static void write_separator(struct lock_json *json)
{
    fputs(json->section_entries++ == 0 ? "\n" : ",\n", json->out);
}

static void enter_waiters(struct lock_json *json)
{
    if (json->section == SECTION_WAITERS)
        return;
    fputs("],\n\"waiters\":[", json->out);
    json->section = SECTION_WAITERS;
    json->section_entries = 0;
}

/* A stranger's number: it must not overflow. */
static int64_t started_ms(int64_t started_s)
{
    if (started_s < 0)
        return -1;
    return started_s > INT64_MAX / 1000 ? INT64_MAX : started_s * 1000;
}

static void write_head(struct lock_json *json, const struct list_json_server *server)
{
    struct entry entry;
    char time_text[RFC3339_SIZE];

    rfc3339_format(time_text, json->now_ms);
    fprintf(json->out, "{\"version\":1,\n\"time\":\"%s\",\n\"server\":", time_text);
    begin_entry(&entry);
    if (!entry.failed) {
        put_text(&entry, "version", server->version);
        put_time(&entry, "started", started_ms(server->started_s));
        put_count(&entry, "protocol", server->protocol);
    }
    write_entry(json, &entry);
    fputs(",\n\"locks\":[", json->out);
}

struct lock_json *list_json_begin(const struct list_json_server *server, int64_t now_ms)
{
    struct lock_json *json = calloc(1, sizeof *json);

    if (json == NULL)
        return NULL;
    json->now_ms = now_ms;
    json->out = open_memstream(&json->text, &json->text_len);
    if (json->out == NULL) {
        free(json);
        return NULL;
    }
    write_head(json, server);
    return json;
}

void list_json_add_lock(struct lock_json *json, const struct list_json_lock *lock)
{
    struct entry entry;

    assert(json->section == SECTION_LOCKS);
    begin_entry(&entry);
    if (!entry.failed) {
        put_text(&entry, "name", lock->name);
        put_owner(&entry, lock->owner, lock->host, lock->pid, lock->job);
        put_time(&entry, "held_since", lock->held_since_ms);
        put_elapsed(&entry, "held_seconds", lock->held_since_ms, json->now_ms);
        put_count(&entry, "hold_limit_seconds", lock->hold_limit_s);
        put_flag(&entry, "autounlock", lock->autounlock);
        put_positive(&entry, "token", lock->token);
        put_count(&entry, "waiting", lock->waiting);
    }
    write_separator(json);
    write_entry(json, &entry);
}

void list_json_add_waiter(struct lock_json *json, const struct list_json_waiter *waiter)
{
    struct entry entry;

    enter_waiters(json);
    begin_entry(&entry);
    if (!entry.failed) {
        put_owner(&entry, waiter->owner, waiter->host, waiter->pid, waiter->job);
        put_wants(&entry, waiter->wants);
        put_positive(&entry, "position", waiter->position);
        put_time(&entry, "waiting_since", waiter->waiting_since_ms);
        put_elapsed(&entry, "waiting_seconds", waiter->waiting_since_ms, json->now_ms);
    }
    write_separator(json);
    write_entry(json, &entry);
}

char *list_json_end(struct lock_json *json, size_t *len)
{
    char *text;

    enter_waiters(json);
    fputs("]}", json->out);
    if (ferror(json->out))
        json->failed = true;
    if (fclose(json->out) != 0)
        json->failed = true;
    json->out = NULL;
    if (json->failed) {
        list_json_destroy(json);
        errno = ENOMEM;
        return NULL;
    }
    text = json->text;
    if (len != NULL)
        *len = json->text_len;
    free(json);
    return text;
}

void list_json_destroy(struct lock_json *json)
{
    int saved_errno = errno;

    if (json == NULL)
        return;
    if (json->out != NULL)
        fclose(json->out);
    free(json->text);
    free(json);
    errno = saved_errno;
}
