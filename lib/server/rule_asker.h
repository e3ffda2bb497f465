/* Who asks, as rules of pools go by it: login, groups, project, priority. */
#ifndef FARMLOCK_SERVER_RULE_ASKER_H
#define FARMLOCK_SERVER_RULE_ASKER_H

#include "pools.h"
#include "server.h"

/* Fills in what a connection says, and what is known of it: good as long as its settings, and until
 * the next call. */
void rule_asker_fill_in(struct conn *conn, struct lock_ask *ask);

static inline void rule_asker_fill(struct conn *conn, struct lock_ask *ask)
{
    if (pools_are_there(conn->server) || conn->says->project != NULL || conn->says->priority != 0)
        rule_asker_fill_in(conn, ask);
}

/* Has the connection wait, if it is not known yet which login goes with the uid that is proven, or
 * in which groups that is; then it is heard again when it is, and refused if that takes too long.
 * Returns whether so. */
bool rule_asker_await(struct conn *conn);

/* The same, where rules go by who asks. */
static inline bool rule_asker_is_awaited(struct conn *conn)
{
    return pools_are_there(conn->server) && rule_asker_await(conn);
}

/* The name of a uid has become known, or that it has none. */
void rule_asker_on_login(struct ipclocker_server *server, uint32_t uid);

/* The groups of a login have become known, or cannot be had. */
void rule_asker_on_groups(struct ipclocker_server *server, const char *login);

/* Refuses those that have waited too long.  To be called about once a second. */
void rule_asker_give_up(struct ipclocker_server *server);

/* The connection goes away. */
void rule_asker_forget(struct conn *conn);

#endif
