/* A command that does much, and only some of it in a turn.
 *
 * Others are served in between, and its client pays for each part as for a line: see turn.h.  Its
 * line stays in the connection's input, so that the same function is called in the next turn, and
 * what the client has sent behind it waits.  It begins with the connection's `unfinished` NULL.
 */
#ifndef FARMLOCK_SERVER_UNFINISHED_H
#define FARMLOCK_SERVER_UNFINISHED_H

#include "server.h"

/* What there is to do yet; the start of the command's own struct, in the heap. */
struct unfinished {
    /* To be called where there will be no further turn, as the server ends or has lost what it was
     * about: leaves nothing half done that cannot stay so.  NULL: there is no such thing. */
    void (*leave)(struct conn *conn, struct unfinished *unfinished);
};

/* The command has done all of it. */
void unfinished_end(struct conn *conn);

/* A connection is over before its command is: its client has gone, or does not read.  Returns
 * whether it stays until the command has done all of it, by its turns as before; deaf, mute, and
 * without what the client has sent behind that. */
bool unfinished_outlives(struct conn *conn);

/* The connection goes away all the same, or the table that it was about has. */
void unfinished_leave(struct conn *conn);

#endif
