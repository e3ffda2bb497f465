/* What is kept in etcd of one thing: which words, for which members of a struct.
 * Must not believe a value: etcd has other users, and other versions write there. */
#include "etcd_value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "etcd_fields.h"
#include "lock/pools.h"
#include "row.h"

#define OF(type_, word_, kind_, member_, ...)                                                \
    {                                                                                        \
        .word = (word_), .kind = (kind_), .at = offsetof(struct type_, member_), __VA_ARGS__ \
    }

#define REQUEST(word_, kind_, member_, ...) OF(store_request, word_, kind_, member_, __VA_ARGS__)

static const struct etcd_field request_fields[] = {
    REQUEST("ticket", ETCD_COUNT, ticket, .least = 1, .most = STORE_COUNT_MAX),
    REQUEST("token", ETCD_COUNT, token, .most = STORE_COUNT_MAX),
    REQUEST("owner", ETCD_WORD, owner, 0),
    REQUEST("demand", ETCD_TEXT, demand, 0),
    REQUEST("host", ETCD_WORD, host, 0),
    REQUEST("boot", ETCD_WORD, boot, 0),
    REQUEST("job", ETCD_WORD, job, 0),
    REQUEST("login", ETCD_WORD, login, 0),
    REQUEST("project", ETCD_WORD, project, 0),
    REQUEST("priority", ETCD_NUMBER32, priority, .least = -POOL_PRIORITY_MOST,
            .most = POOL_PRIORITY_MOST),
    REQUEST("pid", ETCD_COUNT, pid, .most = INT32_MAX),
    REQUEST("start", ETCD_COUNT, start, 0),
    REQUEST("pid-namespace", ETCD_COUNT, pid_namespace, 0),
    REQUEST("found", ETCD_FLAG, is_found, 0),
    REQUEST("autounlock", ETCD_FLAG, autounlock, 0),
    REQUEST("away", ETCD_FLAG, away, 0),
    REQUEST("asked", ETCD_NUMBER, asked_ms, .most = STORE_TIME_MAX),
    REQUEST("granted", ETCD_NUMBER, granted_ms, .most = STORE_TIME_MAX),
    REQUEST("hold", ETCD_NUMBER, hold_ms, .most = STORE_TIME_MAX),
    REQUEST("deadline", ETCD_NUMBER, deadline_ms, .most = INT64_MAX),
    REQUEST("lost-after", ETCD_SMALL, lost_after_s, .most = UINT32_MAX),
    REQUEST("keep", ETCD_NUMBER, keep.keep_ms, .most = STORE_TIME_MAX),
    REQUEST("keep-until", ETCD_NUMBER, keep.until_ms, .least = INT64_MIN, .most = STORE_TIME_MAX),
    REQUEST("until-boot", ETCD_FLAG, keep.until_boot, 0),
    REQUEST("uid", ETCD_SMALL, asker.uid, .most = UINT32_MAX - INT64_C(1)),
    REQUEST("proof", ETCD_BYTE, asker.proof, .most = LOCK_PROVEN_BY_MUNGE),
    REQUEST("peer", ETCD_ADDRESS, asker.peer, 0),
    REQUEST("key", ETCD_COUNT, asker.key[0], 0),
    REQUEST("key-2", ETCD_COUNT, asker.key[1], 0),
};

/* Of a clock the boot is an array. */
struct clock_text {
    const char *boot;
    int64_t base_ms, seen_ms, keep_until_ms;
};

static const struct etcd_field clock_fields[] = {
    OF(clock_text, "boot", ETCD_WORD, boot, 0),
    OF(clock_text, "base", ETCD_NUMBER, base_ms, .least = -STORE_TIME_MAX, .most = STORE_TIME_MAX),
    OF(clock_text, "seen", ETCD_NUMBER, seen_ms, .most = STORE_TIME_MAX),
    OF(clock_text, "keep-until", ETCD_NUMBER, keep_until_ms, .most = STORE_TIME_MAX),
};

static const struct etcd_field unusable_fields[] = {
    OF(store_unusable, "kind", ETCD_SMALL, kind, .least = STORE_OFFLINE, .most = STORE_OUTSIDE),
    OF(store_unusable, "name", ETCD_WORD, name, 0),
    OF(store_unusable, "seats", ETCD_SMALL, seats, .least = 1, .most = UINT32_MAX),
    OF(store_unusable, "until", ETCD_NUMBER, until_ms, .most = INT64_MAX),
    OF(store_unusable, "reason", ETCD_TEXT, reason, 0),
};

#define PAST(word_, kind_, member_, ...) OF(store_history, word_, kind_, member_, __VA_ARGS__)

static const struct etcd_field history_fields[] = {
    PAST("past", ETCD_SMALL, past, .most = STORE_PAST_LEFT),
    PAST("reason", ETCD_SMALL, reason, .most = LOCK_REASON_SILENT),
    PAST("lock", ETCD_TEXT, lock, 0),
    PAST("owner", ETCD_TEXT, owner, 0),
    PAST("host", ETCD_TEXT, host, 0),
    PAST("job", ETCD_TEXT, job, 0),
    PAST("pool", ETCD_TEXT, pool, 0),
    PAST("project", ETCD_TEXT, project, 0),
    PAST("shared", ETCD_FLAG, shared, 0),
    PAST("pid", ETCD_COUNT, pid, .most = INT32_MAX),
    PAST("uid", ETCD_SMALL, asker.uid, .most = UINT32_MAX - INT64_C(1)),
    PAST("proof", ETCD_BYTE, asker.proof, .most = LOCK_PROVEN_BY_MUNGE),
    PAST("by", ETCD_TEXT, by_name, 0),
    PAST("by-uid", ETCD_SMALL, by.uid, .most = UINT32_MAX - INT64_C(1)),
    PAST("by-proof", ETCD_BYTE, by.proof, .most = LOCK_PROVEN_BY_MUNGE),
    PAST("by-peer", ETCD_ADDRESS, by.peer, 0),
    PAST("ticket", ETCD_COUNT, ticket, .most = STORE_COUNT_MAX),
    PAST("token", ETCD_COUNT, token, .most = STORE_COUNT_MAX),
    PAST("asked", ETCD_NUMBER, asked_ms, .most = STORE_TIME_MAX),
    PAST("granted", ETCD_NUMBER, granted_ms, .most = STORE_TIME_MAX),
    PAST("ended", ETCD_NUMBER, ended_ms, .most = STORE_TIME_MAX),
};

struct host_text {
    const char *host;
};

static const struct etcd_field host_fields[] = {OF(host_text, "host", ETCD_TEXT, host, 0)};

#define COUNT_OF(fields_) (sizeof(fields_) / sizeof *(fields_))

void etcd_value_write_request(const struct store_request *request, struct buffer *out)
{
    etcd_fields_write(request_fields, COUNT_OF(request_fields), request, out);
}

void etcd_value_write_clock(const struct store_clock *clock, struct buffer *out)
{
    const struct clock_text text = {clock->boot[0] != '\0' ? clock->boot : NULL, clock->base_ms,
                                    clock->seen_ms, clock->keep_until_ms};

    etcd_fields_write(clock_fields, COUNT_OF(clock_fields), &text, out);
}

void etcd_value_write_unusable(const struct store_unusable *unusable, struct buffer *out)
{
    etcd_fields_write(unusable_fields, COUNT_OF(unusable_fields), unusable, out);
}

void etcd_value_write_history(const struct store_history *entry, struct buffer *out)
{
    etcd_fields_write(history_fields, COUNT_OF(history_fields), entry, out);
}

void etcd_value_write_host(const char *host, struct buffer *out)
{
    const struct host_text text = {host};

    etcd_fields_write(host_fields, COUNT_OF(host_fields), &text, out);
}

/* Who is not known is nobody: never the user 0. */
static void settle_asker(struct lock_asker *asker)
{
    if (asker->proof < LOCK_PROVEN_BY_SOCKET)
        asker->uid = 0;
}

int etcd_value_read_request(char *text, struct store_request *request, const char **fault)
{
    struct store_request read = {0};

    if (etcd_fields_read(request_fields, COUNT_OF(request_fields), 1, text, &read, fault) != 0)
        return -1;
    if (read.owner == NULL || read.demand == NULL)
        return etcd_fields_refuse(EINVAL, read.owner == NULL ? "owner" : "demand", fault);
    settle_asker(&read.asker);
    *request = read;
    return 0;
}

int etcd_value_read_clock(char *text, struct store_clock *clock, const char **fault)
{
    struct clock_text read = {0};

    if (etcd_fields_read(clock_fields, COUNT_OF(clock_fields), 0, text, &read, fault) != 0)
        return -1;
    *clock = (struct store_clock){
        .base_ms = read.base_ms, .seen_ms = read.seen_ms, .keep_until_ms = read.keep_until_ms};
    snprintf(clock->boot, sizeof clock->boot, "%s", read.boot != NULL ? read.boot : "");
    return 0;
}

int etcd_value_read_unusable(char *text, struct store_unusable *unusable, const char **fault)
{
    struct store_unusable read = {0};

    if (etcd_fields_read(unusable_fields, COUNT_OF(unusable_fields), 0, text, &read, fault) != 0)
        return -1;
    if (read.name == NULL || read.seats == 0)
        return etcd_fields_refuse(EINVAL, read.name == NULL ? "name" : "seats", fault);
    *unusable = read;
    return 0;
}

int etcd_value_read_history(char *text, struct store_history *entry, const char **fault)
{
    struct store_history read = {0};

    if (etcd_fields_read(history_fields, COUNT_OF(history_fields), 0, text, &read, fault) != 0)
        return -1;
    if (read.lock == NULL || read.owner == NULL)
        return etcd_fields_refuse(EINVAL, read.lock == NULL ? "lock" : "owner", fault);
    settle_asker(&read.asker);
    settle_asker(&read.by);
    *entry = read;
    return 0;
}

int etcd_value_read_host(char *text, const char **host, const char **fault)
{
    struct host_text read = {0};

    if (etcd_fields_read(host_fields, COUNT_OF(host_fields), 1, text, &read, fault) != 0)
        return -1;
    *host = read.host;
    return 0;
}
