/* Who may do what: the table of lockerd(8), "WHO MAY DO WHAT", row by row.
 *
 * A request whose asker was proven is its uid's; of one that was only claimed, the process that it
 * told of is told again by its owner, which keeps accidents away, no more: processes are no secret.
 */
#ifndef FARMLOCK_SERVER_MAY_H
#define FARMLOCK_SERVER_MAY_H

#include "server.h"

/* For refusals: somebody else's it is, whatever the name; who asks has to prove itself. */
extern const struct refusal may_not_owner, may_needs_proof, may_not_set_seats;

/* Ask for what is not its own yet: whether something may be taken from this connection that only
 * its word stands for. */
static inline bool may_ask_anew(const struct conn *conn)
{
    return conn->server->auth != IPCLOCKER_AUTH_REQUIRE || conn->asker.proof != LOCK_CLAIMED;
}

/* Go on with a grant by its key, though nothing else is proven. */
bool may_change_by_grant(const struct conn *conn);

/* Change anything at all. */
static inline bool may_change(const struct conn *conn)
{
    return may_ask_anew(conn) || may_change_by_grant(conn);
}

/* The request, of the connection's user name, is also its own: it may be renewed, changed and
 * given back by it, and its token be told. */
bool may_own(const struct conn *conn, const struct lock_request *request);

/* Take it away from its owner. */
bool may_break(const struct conn *conn, const struct lock_request *request);

/* Say that its job has ended. */
bool may_end_job(const struct conn *conn, const struct lock_request *request);

/* Say what of a pool is offline or in use elsewhere; with NULL, of locks that are no pool's. */
bool may_set_seats(struct conn *conn, const char *pool);

/* Say that its process has ended, and be believed where nobody can be asked: this may be found when
 * the connection has gone.  Who is just anybody has to have come from where the request came from,
 * or from the process's host, which the caller knows. */
struct may_reporter {
    struct lock_asker asker;
    bool is_trusted; /* by an administrator's choice */
    bool is_of_host; /* has an address of the process's host */
};
struct may_reporter may_reporter_of(const struct conn *conn);
bool may_report_death(const struct ipclocker_server *server, const struct may_reporter *reporter,
                      const struct lock_request *request);

/* Of whom lists and history tell the connection. */
struct store_view may_view(const struct conn *conn);

/* Be told which process a request is for, to look whether it is there still: whoever lists tell
 * that, and beside it those whose word would count. */
bool may_look_after(const struct conn *conn, const struct lock_request *request);

enum { MAY_WHO_SIZE = 400 };

/* Who a connection is, for the log: "ann (uid 1000 by its socket)", "ann of 10.1.2.3". */
const char *may_describe(const struct conn *conn, char text[MAY_WHO_SIZE]);

/* Between the two calls, what ends is ended by this connection, and the history says so. */
void may_begin_blame(const struct conn *conn, struct store_culprit *culprit);
void may_end_blame(struct ipclocker_server *server);

#endif
