/* OUTSIDE, OFFLINE and ONLINE: what nobody is to be given.
 * Must not decide who gets what is left: the lock table does. */
#include "command_seats.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/number.h"
#include "base/words.h"
#include "context.h"
#include "limit.h"
#include "lock/pools.h"
#include "may.h"
#include "pass.h"
#include "pools.h"
#include "reply.h"
#include "setting_demand.h"
#include "unusable.h"

enum { LEASE_MOST_S = 30 * 24 * 3600, REASON_MOST = 255 };

static const struct refusal no_such_pool = {
    ERROR_CODE_UNKNOWN, "there is no such pool, or seat of one; lockersh --pools has all"};

/* Whether whoever asks may say something of a pool; of a lock that is no pool's with NULL.  Else it
 * is answered. */
static bool check_asker(struct conn *conn, const struct pool_config *pool)
{
    if (may_set_seats(conn, pool != NULL ? pool->name : NULL))
        return true;
    reply_status(conn, NULL, &may_not_set_seats);
    return false;
}

static const struct refusal *too_many_offline(const struct conn *conn)
{
    static const struct refusal none = {
        ERROR_CODE_LIMIT,
        "only seats of pools may be offline here, see --max-offline of lockerd(8)"};

    if (limit_value(conn->server, IPCLOCKER_LIMIT_OFFLINE) > 0)
        return limit_refuse(conn->server, IPCLOCKER_LIMIT_OFFLINE, conn->account);
    limit_note(conn->server, IPCLOCKER_LIMIT_OFFLINE, conn->account);
    return &none;
}

static bool set(struct conn *conn, const struct store_unusable *what)
{
    if (unusable_set(conn->server, what) == 0)
        return true;
    reply_status(conn, NULL, errno == ENOSPC ? too_many_offline(conn) : &refusal_no_memory);
    return false;
}

static void answer(struct conn *conn, const char *word, uint64_t number)
{
    pass_run_resumed(conn->server);
    reply_number(conn, word, number);
    pass_mark_dirty(conn);
}

void command_outside(struct conn *conn, char *args)
{
    static const struct refusal malformed = {
        ERROR_CODE_MALFORMED, "OUTSIDE needs a pool, a number of seats, and for how many seconds, "
                              "2592000 at most"};
    const char *name = words_next(&args), *seats_word = words_next(&args);
    const char *seconds_word = words_next(&args);
    const struct pool_config *pool;
    struct store_unusable what = {.kind = STORE_OUTSIDE};
    uint64_t seats, seconds;
    char who[MAY_WHO_SIZE];

    if (seconds_word == NULL || number_parse(seats_word, POOL_SEATS_MOST, &seats) != 0 ||
        number_parse(seconds_word, LEASE_MOST_S, &seconds) != 0 || (seconds == 0 && seats > 0)) {
        reply_status(conn, NULL, &malformed);
        return;
    }
    pool = lock_table_pool_of(conn->server->table, name);
    if (pool == NULL || strcmp(pool->name, name) != 0) {
        reply_status(conn, NULL, &no_such_pool);
        return;
    }
    if (!check_asker(conn, pool))
        return;
    what.name = pool->name;
    what.seats = (uint32_t)seats;
    what.until_ms = context_now_ms(conn->server) + (int64_t)seconds * 1000;
    context_log(conn->server, LOG_DEBUG, "%u seats of %s are in use elsewhere, says %s", what.seats,
                what.name, may_describe(conn, who));
    if (set(conn, &what))
        answer(conn, "outside", seats < pool->outside_most ? seats : pool->outside_most);
}

static bool is_same_reason(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether anything is to be otherwise than it is. */
static bool is_news(const struct conn *conn, const struct store_unusable *what)
{
    const struct store_unusable *now = unusable_find(conn->server, what->kind, what->name);

    if (now == NULL || what->seats == 0)
        return (now != NULL) != (what->seats > 0);
    return now->until_ms != what->until_ms || !is_same_reason(now->reason, what->reason);
}

static void set_offline(struct conn *conn, const char *name, const struct store_unusable *how)
{
    const struct pool_config *pool = lock_table_pool_of(conn->server->table, name);
    struct store_unusable what = *how;
    char who[MAY_WHO_SIZE];
    bool news;

    if (lock_table_is_pool(conn->server->table, name) ||
        (pool == NULL && pools_refuse_unknown(conn->server))) {
        reply_status(conn, NULL, &no_such_pool);
        return;
    }
    if (!check_asker(conn, pool))
        return;
    what.kind = STORE_OFFLINE;
    what.name = name;
    news = is_news(conn, &what);
    if (!set(conn, &what))
        return;
    if (news)
        context_log(conn->server, LOG_NOTICE, "%s is %s, says %s%s%s", name,
                    what.seats > 0 ? "offline" : "back", may_describe(conn, who),
                    what.reason != NULL ? ": " : "", what.reason != NULL ? what.reason : "");
    answer(conn, "offline", what.seats);
}

void command_offline(struct conn *conn, char *args)
{
    static const struct refusal malformed = {ERROR_CODE_MALFORMED,
                                             "OFFLINE needs a lock or seat, of 255 bytes at most, "
                                             "for how many seconds, 2592000 at most or "
                                             "0, and a short reason"};
    const char *name = words_next(&args), *seconds_word = words_next(&args);
    const char *reason = args + words_blank_len(args);
    struct store_unusable how = {.seats = 1, .until_ms = INT64_MAX};
    uint64_t seconds;

    if (seconds_word == NULL || number_parse(seconds_word, LEASE_MOST_S, &seconds) != 0 ||
        strlen(name) > DEMAND_NAME_LEN_MAX || strlen(reason) > REASON_MOST) {
        reply_status(conn, NULL, &malformed);
        return;
    }
    if (seconds > 0)
        how.until_ms = context_now_ms(conn->server) + (int64_t)seconds * 1000;
    how.reason = reason[0] != '\0' ? reason : NULL;
    set_offline(conn, name, &how);
}

void command_online(struct conn *conn, char *args)
{
    static const struct refusal malformed = {ERROR_CODE_MALFORMED, "ONLINE needs a lock or seat"};
    const struct store_unusable how = {.seats = 0};
    const char *name = words_next(&args);

    if (name != NULL)
        set_offline(conn, name, &how);
    else
        reply_status(conn, NULL, &malformed);
}
