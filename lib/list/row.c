/* Entries of a JSON list as structs.
 * Must not believe that a member is there, nor that it is of its type. */
#include "row.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/rfc3339.h"
#include "fail.h"
#include "member.h"
#include "protocol/proof.h"

/* Copies what is there; *failed where memory is not. */
static const char *copy(struct json_object *entry, const char *key, struct strings *strings,
                        bool *failed)
{
    const char *text = member_text(entry, key), *kept = strings_copy(strings, text);

    *failed |= text != NULL && kept == NULL;
    return kept;
}

static struct json_object *number_member(struct json_object *entry, const char *key)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(entry, key, &value))
        return NULL;
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double)
               ? value
               : NULL;
}

/* Of 0 or more; -1 stands for what is not known. */
static int64_t read_number(struct json_object *entry, const char *key)
{
    struct json_object *value = number_member(entry, key);
    int64_t number = value != NULL ? json_object_get_int64(value) : -1;

    return number >= 0 ? number : -1;
}

static uint64_t read_positive(struct json_object *entry, const char *key)
{
    struct json_object *value = number_member(entry, key);

    return value != NULL ? json_object_get_uint64(value) : 0;
}

static int64_t read_seconds_ms(struct json_object *entry, const char *key)
{
    struct json_object *value = number_member(entry, key);
    double seconds = value != NULL ? json_object_get_double(value) : -1;

    return seconds >= 0 && seconds < 1e15 ? (int64_t)(seconds * 1000 + 0.5) : -1;
}

static int64_t time_of(const char *text)
{
    int64_t time_ms;

    return text != NULL && rfc3339_parse(text, &time_ms) == 0 ? time_ms : -1;
}

static bool read_flag(struct json_object *entry, const char *key, bool *flag)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(entry, key, &value) ||
        !json_object_is_type(value, json_type_boolean))
        return false;
    *flag = json_object_get_boolean(value);
    return true;
}

static int read_owner(struct json_object *entry, struct strings *strings,
                      struct ipclocker_list_owner *by)
{
    const char *proof = member_text(entry, "proof");
    bool failed = false;

    *by = (struct ipclocker_list_owner){
        .owner = copy(entry, "owner", strings, &failed),
        .user = copy(entry, "user", strings, &failed),
        .login = copy(entry, "login", strings, &failed),
        .host = copy(entry, "host", strings, &failed),
        .pid = read_positive(entry, "pid"),
        .job = copy(entry, "job", strings, &failed),
        .project = copy(entry, "project", strings, &failed),
    };
    if (proof != NULL)
        by->who.proof = (enum ipclocker_proof)proof_parse(proof);
    if (by->who.proof != IPCLOCKER_CLAIMED)
        by->who.uid = (uint32_t)read_positive(entry, "uid");
    if (failed)
        return list_fail(ENOMEM);
    if (by->owner == NULL)
        by->owner = "";
    return 0;
}

int row_read_lock(struct json_object *entry, struct strings *strings,
                  struct ipclocker_list_lock *row)
{
    bool flag = false, failed = false;

    if (!json_object_is_type(entry, json_type_object))
        return list_fail(EPROTO);
    *row = (struct ipclocker_list_lock){
        .name = copy(entry, "name", strings, &failed),
        .since_ms = time_of(member_text(entry, "held_since")),
        .held_ms = read_seconds_ms(entry, "held_seconds"),
        .hold_limit = read_number(entry, "hold_limit_seconds"),
        .waiting = read_number(entry, "waiting"),
        .autounlock = -1,
        .token = read_positive(entry, "token"),
        .pool = copy(entry, "pool", strings, &failed),
        .kept_until = time_of(member_text(entry, "kept_until")),
        .silent = read_number(entry, "silent_seconds"),
    };
    if (read_flag(entry, "autounlock", &flag))
        row->autounlock = flag;
    read_flag(entry, "offline", &row->offline);
    read_flag(entry, "shared", &row->shared);
    read_flag(entry, "kept", &row->kept);
    read_flag(entry, "until_boot", &row->until_boot);
    if (failed)
        return list_fail(ENOMEM);
    if (row->name == NULL)
        row->name = "";
    return read_owner(entry, strings, &row->by);
}

static int read_group(struct json_object *entry, struct strings *strings,
                      struct ipclocker_list_group *group)
{
    struct json_object *array = member_array(entry, "names");
    size_t count = array != NULL ? json_object_array_length(array) : 0;
    bool failed = false;
    const char **names = count > 0 ? strings_new(strings, count * sizeof *names) : NULL;

    if (names == NULL)
        return list_fail(count > 0 ? ENOMEM : EPROTO);
    for (size_t i = 0; i < count; i++) {
        struct json_object *name = json_object_array_get_idx(array, i);

        if (!json_object_is_type(name, json_type_string))
            return list_fail(EPROTO);
        names[i] = strings_copy(strings, json_object_get_string(name));
        if (names[i] == NULL)
            return list_fail(ENOMEM);
    }
    *group = (struct ipclocker_list_group){.count = read_positive(entry, "count"),
                                           .names = names,
                                           .name_count = count,
                                           .pool = copy(entry, "pool", strings, &failed)};
    read_flag(entry, "shared", &group->shared);
    return failed ? list_fail(ENOMEM) : 0;
}

/* None, where one is not as it should be. */
static int read_groups(struct json_object *entry, struct strings *strings,
                       struct ipclocker_list_waiter *row)
{
    struct json_object *array = member_array(entry, "wants");
    size_t count = array != NULL ? json_object_array_length(array) : 0;
    struct ipclocker_list_group *groups =
        count > 0 ? strings_new(strings, count * sizeof *groups) : NULL;

    if (groups == NULL)
        return count > 0 ? list_fail(ENOMEM) : 0;
    for (size_t i = 0; i < count; i++) {
        if (read_group(json_object_array_get_idx(array, i), strings, &groups[i]) != 0)
            return errno == EPROTO ? 0 : -1;
    }
    row->groups = groups;
    row->group_count = count;
    return 0;
}

int row_read_waiter(struct json_object *entry, struct strings *strings,
                    struct ipclocker_list_waiter *row)
{
    struct json_object *priority = number_member(entry, "priority");
    bool failed = false;

    if (!json_object_is_type(entry, json_type_object))
        return list_fail(EPROTO);
    *row = (struct ipclocker_list_waiter){
        .position = read_positive(entry, "position"),
        .of = read_positive(entry, "of"),
        .since_ms = time_of(member_text(entry, "waiting_since")),
        .waited_ms = read_seconds_ms(entry, "waiting_seconds"),
        .priority = priority != NULL ? json_object_get_int64(priority) : 0,
        .reason = copy(entry, "reason", strings, &failed),
    };
    if (failed)
        return list_fail(ENOMEM);
    return read_groups(entry, strings, row) == 0 ? read_owner(entry, strings, &row->by) : -1;
}

int row_read_pool(struct json_object *entry, struct strings *strings,
                  struct ipclocker_list_pool *row)
{
    bool failed = false;

    if (!json_object_is_type(entry, json_type_object))
        return list_fail(EPROTO);
    *row = (struct ipclocker_list_pool){
        .name = copy(entry, "name", strings, &failed),
        .total = read_number(entry, "total"),
        .held = read_number(entry, "held"),
        .promised = read_number(entry, "promised"),
        .reserved = read_number(entry, "reserved"),
        .outside = read_number(entry, "outside"),
        .offline = read_number(entry, "offline"),
        .free = read_number(entry, "free"),
        .waiting = read_number(entry, "waiting"),
        .oldest_ms = read_seconds_ms(entry, "oldest_wait_seconds"),
    };
    if (failed)
        return list_fail(ENOMEM);
    if (row->name == NULL)
        row->name = "";
    return 0;
}

int row_read_offline(struct json_object *entry, struct strings *strings,
                     struct ipclocker_list_offline *row)
{
    bool failed = false;

    if (!json_object_is_type(entry, json_type_object))
        return list_fail(EPROTO);
    *row = (struct ipclocker_list_offline){
        .name = copy(entry, "name", strings, &failed),
        .pool = copy(entry, "pool", strings, &failed),
        .until_ms = time_of(member_text(entry, "until")),
        .reason = copy(entry, "reason", strings, &failed),
    };
    if (failed)
        return list_fail(ENOMEM);
    if (row->name == NULL)
        row->name = "";
    return 0;
}

int row_read_server(struct json_object *server, struct strings *strings,
                    struct ipclocker_list_head *head)
{
    bool failed = false;
    int64_t protocol = read_number(server, "protocol");

    head->version = copy(server, "version", strings, &failed);
    head->started_ms = time_of(member_text(server, "started"));
    head->protocol = protocol > 0 && protocol < 1000 ? (unsigned)protocol : 1;
    return failed ? list_fail(ENOMEM) : 0;
}

void row_read_time(struct json_object *time, struct ipclocker_list_head *head)
{
    if (json_object_is_type(time, json_type_string))
        head->time_ms = time_of(json_object_get_string(time));
}
