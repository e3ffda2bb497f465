/* What a connection asks the lock table for, made of its settings. */
#ifndef FARMLOCK_SERVER_ASK_H
#define FARMLOCK_SERVER_ASK_H

#include "auth_key.h"
#include "server.h"

/* Fills in which process has the pid that an ask names on this host now, if it did not say. */
void ask_identify(const struct ipclocker_server *server, struct lock_ask *ask);

/* Makes the ask of the connection's settings, good as long as these.  What a classic client of this
 * host cannot tell of its process is filled in, where it has asked for autounlock. */
static inline void ask_init(struct lock_ask *ask, const struct conn *conn)
{
    *ask = (struct lock_ask){
        .owner = conn->user,
        .asker = conn->asker,
        .groups = conn->demand.groups,
        .group_count = conn->demand.group_count,
        .host = conn->says->hostname,
        .pid = conn->says->pid,
        .start = conn->says->start,
        .boot = conn->says->boot,
        .pid_namespace = conn->says->pid_namespace,
        .job = conn->says->job,
        .lost_after_s = conn->says->lost_after_s,
        .wait = conn->block,
        .autounlock = conn->autounlock,
        .until_boot = conn->says->until_boot,
        .keep_ms = conn->says->keep_ms,
        .hold_ms = conn->says->hold_ms,
        .most_ms = (int64_t)conn->server->limits[IPCLOCKER_LIMIT_HOLD_S] * 1000,
    };

    if (ask->most_ms > 0 && (ask->hold_ms <= 0 || ask->hold_ms > ask->most_ms))
        ask->hold_ms = ask->most_ms;

    if (conn->auth != NULL)
        auth_key_fill(conn, &ask->asker);
    if (ask->autounlock)
        ask_identify(conn->server, ask);
}

#endif
