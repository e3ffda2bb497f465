/* One descriptor for all that a server's own loop waits for: for a caller with another kind of
 * loop.
 */
#ifndef FARMLOCK_SERVER_OUTSIDE_H
#define FARMLOCK_SERVER_OUTSIDE_H

#include "server.h"

/* Before any other. */
void outside_init(struct ipclocker_server *server);

/* The loop goes away, or the server stops: the descriptor is nobody's any more.  Keeps errno. */
void outside_fini(struct ipclocker_server *server);

/* Returns the descriptor, which is the same until outside_fini(), or -1 with errno: ENOTSUP: the
 * loop has none; EMFILE, ENFILE, ENOMEM.  The server serves, from a loop of its own. */
int outside_fd(struct ipclocker_server *server);

/* To be called when the loop has been run: sees to it that the descriptor becomes readable in time
 * for the next timer.  Does nothing where nobody has asked for the descriptor. */
void outside_arm(struct ipclocker_server *server);

#endif
