/* The limits of what clients may use: what they are at first, and who hears of one that is reached.
 */
#ifndef FARMLOCK_SERVER_LIMIT_H
#define FARMLOCK_SERVER_LIMIT_H

#include "account.h"
#include "server.h"

/* Sets all of them to what they are at first, and begins the accounts. */
void limit_init(struct ipclocker_server *server);

/* A limit as it counts: also where it is 0, and follows from another. */
static inline size_t limit_value(const struct ipclocker_server *server, enum ipclocker_limit limit)
{
    return server->limits_in_force[limit];
}

/* What a client is told that is beyond it, which lives as long as the server; the log is told too,
 * once a minute for each limit, however many of them a client reaches.  `client` is NULL where it
 * is not one client's.  Not for a limit of which nobody is told by such a text, see limit_note().
 */
const struct refusal *limit_refuse(struct ipclocker_server *server, enum ipclocker_limit limit,
                                   const struct account *client);

/* The same of what the client is told in other words, or not at all. */
void limit_note(struct ipclocker_server *server, enum ipclocker_limit limit,
                const struct account *client);

/* Has the log told of what was counted and not logged, with the client that was last; to be called
 * about once a second, and with `all` at the end. */
void limit_tell_rest(struct ipclocker_server *server, bool all);

/* The name of its option, without the hyphens. */
const char *limit_option(enum ipclocker_limit limit);

#endif
