/* What of a waiting request is inside what. */
#ifndef FARMLOCK_SERVER_COMMAND_INSIDE_H
#define FARMLOCK_SERVER_COMMAND_INSIDE_H

#include "server.h"

/* INSIDE: the grants that whoever waits has been started by.  Its wait ends where it would be for
 * itself; else it is told its place. */
void command_inside(struct conn *conn, char *args);

#endif
