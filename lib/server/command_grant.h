/* Commands about a grant that the client has already. */
#ifndef FARMLOCK_SERVER_COMMAND_GRANT_H
#define FARMLOCK_SERVER_COMMAND_GRANT_H

#include "server.h"

/* Answers a command that cannot be done because of an earlier setting.  Returns whether so. */
bool command_grant_tell_fault(struct conn *conn);
static inline bool command_grant_fault(struct conn *conn)
{
    return (conn->fault != NULL || conn->user == NULL) && command_grant_tell_fault(conn);
}

/* Why the locks of the demand cannot be gone on with; NULL when all of them are the connection's by
 * the grant with this token, or the others by earlier ones: a status tells the last one's. */
const struct refusal *command_grant_check(const struct conn *conn, uint64_t token);

void command_follow(struct conn *conn, char *args);
void command_extend(struct conn *conn, char *args);

#endif
