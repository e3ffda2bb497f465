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

#include "base/buffer.h"
#include "base/rfc3339.h"
#include "json_entry.h"
#include "member.h"
#include "protocol/owner_name.h"

enum section { SECTION_HEAD, SECTION_LOCKS, SECTION_WAITERS, SECTION_POOLS, SECTION_OFFLINE };

struct lock_json {
    struct buffer out;
    int64_t now_ms;
    enum section section;
    size_t section_entries;
    struct json_entry pool; /* that was added last, and may have more classes; NULL in it: none */
    bool only_pools, failed;
};

static void put_owner(struct json_entry *entry, const char *owner, const char *host, uint64_t pid,
                      const char *job)
{
    json_entry_put_text(entry, "owner", owner);
    json_entry_put_text(entry, "user", owner_name_user(owner));
    json_entry_put_text(entry, "host", host);
    json_entry_put_positive(entry, "pid", pid);
    json_entry_put_text(entry, "job", job);
}

static void put_proof(struct json_entry *entry, const struct list_json_proof *proof)
{
    bool is_proven = proof->is_told && proof->how != PROOF_CLAIMED;

    json_entry_put_text(entry, "proof", proof->is_told ? proof_word(proof->how) : NULL);
    json_entry_put_count(entry, "uid", is_proven ? (int64_t)proof->uid : -1);
    json_entry_put_text(entry, "login", is_proven ? proof->login : NULL);
}

static void put_keep(struct json_entry *entry, const struct list_json_lock *lock)
{
    json_entry_put_true(entry, "kept", lock->kept);
    json_entry_put_true(entry, "until_boot", lock->until_boot);
    if (lock->kept_until_ms != 0)
        json_entry_put_time(entry, "kept_until", lock->kept_until_ms);
}

static struct json_object *new_group(const struct lock_group *group, const char *pool)
{
    struct json_entry entry = {.object = json_object_new_object()};
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
    json_entry_put_count(&entry, "count", (int64_t)group->count);
    json_entry_put_value(&entry, "names", names);
    json_entry_put_true(&entry, "shared", group->shared);
    json_entry_put_known(&entry, "pool", pool);
    if (!entry.failed)
        return entry.object;
    json_object_put(entry.object);
    return NULL;
}

static void put_wants(struct json_entry *entry, const struct list_json_waiter *waiter)
{
    const struct lock_demand *wants = waiter->wants;
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < wants->group_count && array != NULL; i++) {
        if (!member_append(array, new_group(&wants->groups[i],
                                            waiter->pools != NULL ? waiter->pools[i] : NULL))) {
            json_object_put(array);
            array = NULL;
        }
    }
    json_entry_put_value(entry, "wants", array);
}

static void begin_entry(struct json_entry *entry)
{
    entry->object = json_object_new_object();
    entry->failed = entry->object == NULL;
}

/* Writes an entry's text and frees it. */
static void write_entry(struct lock_json *json, struct json_entry *entry)
{
    const char *text = NULL;

    if (!entry->failed)
        text = json_object_to_json_string_ext(entry->object, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text == NULL)
        json->failed = true;
    else
        buffer_add_text(&json->out, text);
    json_object_put(entry->object);
}

/* Each entry has a line of its own, which is kind to grep(1) and to people. */
static void write_separator(struct lock_json *json)
{
    buffer_add_text(&json->out, json->section_entries++ == 0 ? "\n" : ",\n");
}

/* Writes the pool that was added last, if there is one, with its classes. */
static void end_pool(struct lock_json *json)
{
    if (json->pool.object == NULL)
        return;
    write_separator(json);
    write_entry(json, &json->pool);
    json->pool.object = NULL;
}

/* Where there are no pools, nothing is said of them. */
static enum section next_section(const struct lock_json *json, enum section wanted)
{
    if (json->only_pools)
        return json->section < SECTION_POOLS ? SECTION_POOLS : SECTION_OFFLINE;
    return json->section == SECTION_WAITERS ? wanted : json->section + 1;
}

/* Ends all sections before this one, which may be empty, and begins it. */
static void enter(struct lock_json *json, enum section section)
{
    static const char *const begins[] = {
        [SECTION_LOCKS] = ",\n\"locks\":[",
        [SECTION_WAITERS] = ",\n\"waiters\":[",
        [SECTION_POOLS] = ",\n\"pools\":[",
        [SECTION_OFFLINE] = ",\n\"offline\":[",
    };

    while (json->section < section) {
        end_pool(json);
        if (json->section != SECTION_HEAD)
            buffer_add(&json->out, "]", 1);
        json->section = next_section(json, section);
        json->section_entries = 0;
        buffer_add_text(&json->out, begins[json->section]);
    }
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
    struct json_entry entry;
    char time_text[RFC3339_SIZE];

    rfc3339_format(time_text, json->now_ms);
    buffer_add_text(&json->out, "{\"version\":1,\n\"time\":\"");
    buffer_add_text(&json->out, time_text);
    buffer_add_text(&json->out, "\",\n\"server\":");
    begin_entry(&entry);
    if (!entry.failed) {
        json_entry_put_text(&entry, "version", server->version);
        json_entry_put_time(&entry, "started", started_ms(server->started_s));
        json_entry_put_count(&entry, "protocol", server->protocol);
    }
    write_entry(json, &entry);
}

struct lock_json *list_json_begin(const struct list_json_server *server, int64_t now_ms)
{
    struct lock_json *json = calloc(1, sizeof *json);

    if (json == NULL)
        return NULL;
    json->now_ms = now_ms;
    write_head(json, server);
    return json;
}

struct lock_json *list_json_begin_pools(const struct list_json_server *server, int64_t now_ms)
{
    struct lock_json *json = list_json_begin(server, now_ms);

    if (json != NULL)
        json->only_pools = true;
    return json;
}

void list_json_expect(struct lock_json *json, size_t bytes)
{
    buffer_grow(&json->out, bytes);
}

void list_json_add_lock(struct lock_json *json, const struct list_json_lock *lock)
{
    struct json_entry entry;

    assert(json->section <= SECTION_LOCKS);
    enter(json, SECTION_LOCKS);
    begin_entry(&entry);
    if (!entry.failed) {
        json_entry_put_text(&entry, "name", lock->name);
        put_owner(&entry, lock->owner, lock->host, lock->pid, lock->job);
        put_proof(&entry, &lock->proof);
        json_entry_put_time(&entry, "held_since", lock->held_since_ms);
        json_entry_put_elapsed(&entry, "held_seconds", lock->held_since_ms, json->now_ms);
        json_entry_put_count(&entry, "hold_limit_seconds", lock->hold_limit_s);
        json_entry_put_flag(&entry, "autounlock", lock->autounlock);
        json_entry_put_flag(&entry, "connected", lock->connected);
        json_entry_put_count(&entry, "silent_seconds",
                             lock->silent_ms < 0 ? -1 : lock->silent_ms / 1000);
        json_entry_put_positive(&entry, "token", lock->token);
        json_entry_put_count(&entry, "waiting", lock->waiting);
        json_entry_put_known(&entry, "pool", lock->pool);
        json_entry_put_known(&entry, "project", lock->project);
        json_entry_put_true(&entry, "offline", lock->offline);
        json_entry_put_true(&entry, "shared", lock->shared);
        put_keep(&entry, lock);
    }
    write_separator(json);
    write_entry(json, &entry);
}

void list_json_add_waiter(struct lock_json *json, const struct list_json_waiter *waiter)
{
    struct json_entry entry;

    enter(json, SECTION_WAITERS);
    begin_entry(&entry);
    if (!entry.failed) {
        put_owner(&entry, waiter->owner, waiter->host, waiter->pid, waiter->job);
        put_proof(&entry, &waiter->proof);
        put_wants(&entry, waiter);
        json_entry_put_positive(&entry, "position", waiter->position);
        json_entry_put_time(&entry, "waiting_since", waiter->waiting_since_ms);
        json_entry_put_elapsed(&entry, "waiting_seconds", waiter->waiting_since_ms, json->now_ms);
        json_entry_put_known(&entry, "project", waiter->project);
        if (waiter->priority != 0)
            json_entry_put_value(&entry, "priority", json_object_new_int64(waiter->priority));
        json_entry_put_known(&entry, "reason", waiter->reason);
        if (waiter->reason != NULL)
            json_entry_put_count(&entry, "of", (int64_t)waiter->of);
    }
    write_separator(json);
    write_entry(json, &entry);
}

static void put_most(struct json_entry *entry, const struct list_json_pool *pool)
{
    struct json_entry most;

    if (pool->most == NULL) {
        json_entry_put_null(entry, "most");
        return;
    }
    begin_entry(&most);
    if (most.failed) {
        entry->failed = true;
        return;
    }
    json_entry_put_text(&most, "user", pool->most);
    json_entry_put_count(&most, "held", pool->most_held);
    entry->failed |= most.failed;
    json_entry_put_value(entry, "most", most.object);
}

void list_json_add_pool(struct lock_json *json, const struct list_json_pool *pool)
{
    struct json_entry *entry = &json->pool;

    enter(json, SECTION_POOLS);
    end_pool(json);
    begin_entry(entry);
    if (entry->failed) {
        json->failed = true;
        return;
    }
    json_entry_put_text(entry, "name", pool->name);
    json_entry_put_count(entry, "total", pool->total);
    json_entry_put_count(entry, "held", pool->held);
    json_entry_put_count(entry, "promised", pool->promised);
    json_entry_put_count(entry, "reserved", pool->reserved);
    json_entry_put_count(entry, "outside", pool->outside);
    json_entry_put_count(entry, "outside_most", pool->outside_most);
    json_entry_put_count(entry, "offline", pool->offline);
    json_entry_put_count(entry, "free", pool->free);
    json_entry_put_count(entry, "waiting", (int64_t)pool->waiting);
    json_entry_put_elapsed(entry, "oldest_wait_seconds", pool->oldest_ms, json->now_ms);
    put_most(entry, pool);
    json_entry_put_value(entry, "classes", json_object_new_array());
}

void list_json_add_class(struct lock_json *json, const struct list_json_class *share)
{
    struct json_object *classes =
        json->pool.object != NULL ? json_object_object_get(json->pool.object, "classes") : NULL;
    struct json_entry entry;

    begin_entry(&entry);
    if (entry.failed || classes == NULL) {
        json_object_put(entry.object);
        json->failed = true;
        return;
    }
    json_entry_put_text(&entry, "name", share->name);
    json_entry_put_count(&entry, "weight", share->weight);
    json_entry_put_count(&entry, "use", share->use);
    json_entry_put_count(&entry, "waiting", (int64_t)share->waiting);
    json->failed |= entry.failed || !member_append(classes, entry.object);
}

void list_json_add_offline(struct lock_json *json, const struct list_json_offline *offline)
{
    struct json_entry entry;

    enter(json, SECTION_OFFLINE);
    begin_entry(&entry);
    if (!entry.failed) {
        json_entry_put_text(&entry, "name", offline->name);
        json_entry_put_known(&entry, "pool", offline->pool);
        json_entry_put_time(&entry, "until", offline->until_ms);
        json_entry_put_text(&entry, "reason", offline->reason);
    }
    write_separator(json);
    write_entry(json, &entry);
}

char *list_json_end(struct lock_json *json, size_t *len)
{
    char *text;

    if (json->section < SECTION_POOLS)
        enter(json, json->only_pools ? SECTION_POOLS : SECTION_WAITERS);
    end_pool(json);
    buffer_add(&json->out, "]}", sizeof "]}");
    if (json->failed || json->out.failed) {
        list_json_destroy(json);
        errno = ENOMEM;
        return NULL;
    }
    /* Nothing was ever taken from its front: it begins where its memory does. */
    text = json->out.data;
    if (len != NULL)
        *len = json->out.len - 1;
    free(json);
    return text;
}

void list_json_destroy(struct lock_json *json)
{
    int saved_errno = errno;

    if (json == NULL)
        return;
    json_object_put(json->pool.object);
    buffer_fini(&json->out);
    free(json);
    errno = saved_errno;
}
