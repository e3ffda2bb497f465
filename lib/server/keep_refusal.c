/* Why what is asked for cannot be kept as it is to be: a promise that cannot be held is not made.
 * Must not change anything. */
#include "keep_refusal.h"

#include <stddef.h>

#include "boot_watch.h"
#include "lock/pools.h"

static bool is_longer(const struct lock_ask *ask, int64_t most_ms)
{
    return most_ms > 0 && ask->keep_ms > most_ms;
}

/* Of a seat the pool's limit is one, too; its default is for who says none. */
static bool outlasts_pool(const struct lock_ask *ask, const struct pool_config *pool)
{
    return pool != NULL && (is_longer(ask, pool->hold_limit_ms) ||
                            (ask->hold_ms <= 0 && is_longer(ask, pool->hold_default_ms)));
}

static const struct refusal *check_time(const struct conn *conn, const struct lock_ask *ask)
{
    static const struct refusal own_limit = {
        ERROR_CODE_MALFORMED, "it is to be kept for longer than its own hold limit allows"};
    static const struct refusal limit = {
        ERROR_CODE_LIMIT,
        "it would be kept for longer than it may be held, by lockerd --max-hold or the pool's "
        "hold limits; ask for less"};

    if (is_longer(ask, conn->says->hold_ms))
        return &own_limit;
    if (is_longer(ask, ask->hold_ms))
        return &limit;
    for (uint32_t i = 0; i < conn->demand.name_count; i++) {
        if (outlasts_pool(ask, lock_table_pool_of(conn->server->table, conn->demand.names[i])))
            return &limit;
    }
    return NULL;
}

static const struct refusal *check_boot(const struct conn *conn, const struct lock_ask *ask)
{
    static const struct refusal nameless = {
        ERROR_CODE_MALFORMED,
        "\"until-boot\" needs the host and its boot; send \"hostname\" and \"process\" first"};
    static const struct refusal unseen = {
        ERROR_CODE_REFUSED,
        "this server asks no pidstatd, and so would not see the boot of another host"};

    if (ask->host == NULL || ask->boot == NULL)
        return &nameless;
    return boot_watch_can_see(conn->server, ask->boot) ? NULL : &unseen;
}

const struct refusal *keep_refusal_of(const struct conn *conn, const struct lock_ask *ask)
{
    const struct refusal *refusal = check_time(conn, ask);

    return refusal == NULL && ask->until_boot ? check_boot(conn, ask) : refusal;
}
