/* The limits of what clients may use: their defaults, and what is said of one that is reached.
 * Must not decide who is beyond one. */
#include "limit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>

#include "context.h"

enum {
    SPARE_DESCRIPTORS = 64, /* left for sockets that listen, files and the watching of owners */
    LOG_EVERY_S = 60,
    FEW = 1000,
    SESSIONS_LEAST = 1000, /* of one client, and so many for each lock that it may have */
    SESSIONS_A_LOCK = 4,
};

#define KIB ((size_t)1024)

/* 0 is what follows from another limit. */
static const size_t defaults[IPCLOCKER_LIMITS] = {
    [IPCLOCKER_LIMIT_WAITERS] = 200000,
    [IPCLOCKER_LIMIT_LOCKS] = 1000000,
    [IPCLOCKER_LIMIT_IDLE_S] = 60,
    [IPCLOCKER_LIMIT_UNREAD_BYTES] = 256 * KIB,
    [IPCLOCKER_LIMIT_UNREAD_S] = 30,
    [IPCLOCKER_LIMIT_OUTPUT] = 256 * KIB * KIB,
    [IPCLOCKER_LIMIT_CLIENT_ARRIVALS] = 5000,
    [IPCLOCKER_LIMIT_NAMES] = 1024,
    [IPCLOCKER_LIMIT_REQUEST_BYTES] = 256 * KIB,
    [IPCLOCKER_LIMIT_LINE_BYTES] = 65535,
    [IPCLOCKER_LIMIT_CLIENT_HISTORY] = 20 * KIB,
    [IPCLOCKER_LIMIT_CLIENT_COST] = 200000,
    [IPCLOCKER_LIMIT_OFFLINE] = 1024,
};

/* What passes by itself is `later`; what a client has to do something about, `limit`. */
static const struct {
    const char *option; /* of lockerd(8) */
    const char *format; /* of what the client is told; NULL: see limit_note() */
    enum error_code code;
} limits[IPCLOCKER_LIMITS] = {
    [IPCLOCKER_LIMIT_CONNECTIONS] = {"max-connections", "too many connections; try again later",
                                     ERROR_CODE_LATER},
    [IPCLOCKER_LIMIT_WAITERS] = {"max-waiters",
                                 "the server's limit of waiters is reached; try again later",
                                 ERROR_CODE_LATER},
    [IPCLOCKER_LIMIT_LOCKS] = {"max-locks",
                               "the server's limit of locks in use is reached; try again later",
                               ERROR_CODE_LATER},
    [IPCLOCKER_LIMIT_IDLE_S] = {"idle-time", "no command came in time; connect again",
                                ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_HISTORY] = {"client-history", NULL, ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_HOLD_S] = {"max-hold", NULL, ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_LOST_AFTER_S] = {"lost-after", NULL, ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_UNREAD_BYTES] = {"max-unread", NULL, ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_UNREAD_S] = {"unread-time", NULL, ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_CONNECTIONS] = {"max-client-connections",
                                            "you have %zu connections already; close one first",
                                            ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_ARRIVALS] =
        {"max-new-connections",
         "more than %zu new connections a second; keep one for many requests", ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_WAITERS] = {"max-client-waiters",
                                        "you may have %zu requests that wait, and one for many "
                                        "locks counts for more; end one first",
                                        ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_LOCKS] = {"max-client-locks",
                                      "you may have %zu locks; give some back first",
                                      ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_OWNER_LOCKS] = {"max-owner-locks",
                                     "an owner may have %zu locks; give some back first",
                                     ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_NAMES] = {"max-names", "a request can name %zu locks at most; name fewer",
                               ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_REQUEST_BYTES] =
        {"max-request", "the names of a request can have %zu bytes at most; name fewer",
         ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_LINE_BYTES] = {"max-line",
                                    "a line is longer than %zu bytes; send shorter ones",
                                    ERROR_CODE_LIMIT},
    [IPCLOCKER_LIMIT_CLIENT_SESSIONS] =
        {"max-client-sessions", "your sessions may stand for %zu grants and waits; try again later",
         ERROR_CODE_LATER},
    [IPCLOCKER_LIMIT_CLIENT_REQUEST_BYTES] =
        {"max-client-request",
         "your connections may name %zu bytes together; try again later, or name fewer",
         ERROR_CODE_LATER},
    [IPCLOCKER_LIMIT_OFFLINE] = {"max-offline",
                                 "%zu names may be offline, and are; put others back before",
                                 ERROR_CODE_LIMIT},
};

const char *limit_option(enum ipclocker_limit limit)
{
    return limits[limit].option;
}

/* Of a few, one client may have all. */
static size_t part(size_t all, size_t divisor)
{
    if (all / divisor >= FEW)
        return all / divisor;
    return all < FEW ? all : FEW;
}

/* What the sessions of a client may stand for that may have so many locks and waits. */
static size_t sessions(size_t locks, size_t waiters)
{
    if (locks > SIZE_MAX / SESSIONS_A_LOCK / 2 || waiters > SIZE_MAX / 4)
        return SIZE_MAX;
    return SESSIONS_LEAST + SESSIONS_A_LOCK * locks + waiters;
}

static void set_default(size_t *value, size_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static size_t default_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 2UL * SPARE_DESCRIPTORS)
        return SPARE_DESCRIPTORS;
    return (limit.rlim_cur - SPARE_DESCRIPTORS) / 4 * 3;
}

/* What follows from the limits is worked out when they are set, not for each command. */
static void put_in_force(struct ipclocker_server *server)
{
    size_t *now = server->limits_in_force;

    memcpy(now, server->limits, sizeof server->limits);
    set_default(&now[IPCLOCKER_LIMIT_CLIENT_WAITERS], part(now[IPCLOCKER_LIMIT_WAITERS], 2));
    set_default(&now[IPCLOCKER_LIMIT_CLIENT_LOCKS], part(now[IPCLOCKER_LIMIT_LOCKS], 4));
    set_default(&now[IPCLOCKER_LIMIT_OWNER_LOCKS], now[IPCLOCKER_LIMIT_CLIENT_LOCKS]);
    set_default(&now[IPCLOCKER_LIMIT_CLIENT_SESSIONS],
                sessions(now[IPCLOCKER_LIMIT_CLIENT_LOCKS], now[IPCLOCKER_LIMIT_CLIENT_WAITERS]));
    set_default(&now[IPCLOCKER_LIMIT_CLIENT_REQUEST_BYTES], now[IPCLOCKER_LIMIT_OUTPUT] / 4);
    server->accounts.rates = (struct account_rates){
        .cost_us = (int64_t)server->limits[IPCLOCKER_LIMIT_CLIENT_COST],
        .history_bytes = (int64_t)server->limits[IPCLOCKER_LIMIT_CLIENT_HISTORY],
        .arrivals = (int64_t)server->limits[IPCLOCKER_LIMIT_CLIENT_ARRIVALS],
    };
}

void limit_init(struct ipclocker_server *server)
{
    memcpy(server->limits, defaults, sizeof defaults);
    server->limits[IPCLOCKER_LIMIT_CONNECTIONS] = default_connections();
    account_book_init(&server->accounts);
    put_in_force(server);
}

void ipclocker_server_set_limit(struct ipclocker_server *server, enum ipclocker_limit limit,
                                size_t value)
{
    if (limit >= IPCLOCKER_LIMITS)
        return;
    if (value == IPCLOCKER_LIMIT_DEFAULT)
        value = limit == IPCLOCKER_LIMIT_CONNECTIONS ? default_connections() : defaults[limit];
    server->limits[limit] = value;
    put_in_force(server);
}

static bool has_waited(const struct limit_log *log, time_t now_s)
{
    return log->last_s == 0 || now_s - log->last_s >= LOG_EVERY_S;
}

static void tell(struct ipclocker_server *server, enum ipclocker_limit limit, time_t now_s)
{
    struct limit_log *log = &server->limit_logs[limit];
    char who[ACCOUNT_TEXT_SIZE] = "clients", more[64] = "";

    if (log->is_of_client)
        account_key_describe(log->client, who);
    if (log->count > 1)
        snprintf(more, sizeof more, " (%" PRIu64 " times since the last line)", log->count);
    context_log_always(server, LOG_WARNING, "the limit --%s %zu is reached by %s%s",
                       limits[limit].option, limit_value(server, limit), who, more);
    *log = (struct limit_log){.last_s = now_s};
}

void limit_tell_rest(struct ipclocker_server *server, bool all)
{
    time_t now_s = context_monotonic_s();

    for (size_t i = 0; i < IPCLOCKER_LIMITS; i++) {
        const struct limit_log *log = &server->limit_logs[i];

        if (log->count > 0 && (all || has_waited(log, now_s)))
            tell(server, (enum ipclocker_limit)i, now_s);
    }
}

void limit_note(struct ipclocker_server *server, enum ipclocker_limit limit,
                const struct account *client)
{
    struct limit_log *log = &server->limit_logs[limit];
    time_t now_s = context_monotonic_s();

    server->counts.limits[limit]++;
    log->count++;
    log->is_of_client = client != NULL;
    if (client != NULL)
        log->client = client->key;
    if (has_waited(log, now_s))
        tell(server, limit, now_s);
}

const struct refusal *limit_refuse(struct ipclocker_server *server, enum ipclocker_limit limit,
                                   const struct account *client)
{
    struct limit_refusal *said = &server->limit_refusals[limit];

    assert(limits[limit].format != NULL);
    limit_note(server, limit, client);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* they stand above */
    snprintf(said->text, sizeof said->text, limits[limit].format, limit_value(server, limit));
#pragma GCC diagnostic pop
    said->refusal = (struct refusal){limits[limit].code, said->text};
    return &said->refusal;
}
