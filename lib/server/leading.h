/* Whether a server whose state others share may be heard: it listens only while it leads, and while
 * what it commits is confirmed often enough that no other can have taken over.
 */
#ifndef FARMLOCK_SERVER_LEADING_H
#define FARMLOCK_SERVER_LEADING_H

#include "server.h"

/* The server begins, and stands by: nobody can connect.  The store is open. */
void leading_start(struct ipclocker_server *server);

/* It leads, and knows what there is: from now on it listens while that is confirmed,
 * but where it was asked to resign. */
void leading_serve(struct ipclocker_server *server);

/* It does not lead any more: nobody can connect. */
void leading_stand_by(struct ipclocker_server *server);

/* It ends. */
void leading_stop(struct ipclocker_server *server);

#endif
