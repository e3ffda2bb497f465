/* What is known of an entry, by name.
 * Must not leave out what is not known: columns stay where they are. */
#include "row_data.h"

#include "base/ip_text.h"
#include "base/rfc3339.h"
#include "json_put.h"
#include "list/member.h"
#include "protocol/past.h"
#include "protocol/reason.h"

static bool put_time(struct json_object *object, const char *key, int64_t time_ms)
{
    char text[RFC3339_SIZE] = "";

    if (time_ms != 0)
        rfc3339_format(text, time_ms);
    return json_put_text(object, key, text);
}

static bool put_number(struct json_object *object, const char *key, uint64_t number)
{
    return member_put(object, key, json_object_new_uint64(number));
}

/* A server tells no token of a hold, but a number of what was granted together, and no ticket. */
static bool put_token(struct json_object *object, const struct store_history *entry)
{
    if (entry->past == STORE_PAST_HOLD && entry->ticket == 0)
        return json_put_text(object, "token", NULL);
    return put_number(object, "token", entry->token);
}

struct json_object *row_data_create(const struct store_history *entry)
{
    struct json_object *row = json_object_new_object();
    char peer[IP_TEXT_SIZE];

    ip_text_format(peer, entry->by.peer);
    if (row != NULL && json_put_text(row, "kind", past_word(entry->past)) &&
        json_put_text(row, "reason",
                      entry->reason != LOCK_REASON_NONE ? reason_word(entry->reason) : NULL) &&
        json_put_text(row, "lock", entry->lock) && json_put_text(row, "pool", entry->pool) &&
        json_put_text(row, "project", entry->project) &&
        member_put(row, "shared", json_object_new_boolean(entry->shared)) &&
        json_put_text(row, "owner", entry->owner) &&
        json_put_person(row, "uid", "proof", &entry->asker) &&
        json_put_text(row, "host", entry->host) && put_number(row, "pid", entry->pid) &&
        json_put_text(row, "job", entry->job) && put_token(row, entry) &&
        put_time(row, "asked", entry->asked_ms) &&
        put_time(row, "granted", entry->past == STORE_PAST_HOLD ? entry->granted_ms : 0) &&
        put_time(row, "ended", entry->ended_ms) && json_put_text(row, "by", entry->by_name) &&
        json_put_person(row, "by_uid", "by_proof", &entry->by) &&
        json_put_text(row, "by_peer", peer))
        return row;
    json_object_put(row);
    return NULL;
}
