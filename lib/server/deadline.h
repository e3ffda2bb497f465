/* The timer for hold limits. */
#ifndef FARMLOCK_SERVER_DEADLINE_H
#define FARMLOCK_SERVER_DEADLINE_H

#include "server.h"

/* To be called when server->base is there, before any other. */
void deadline_start(struct ipclocker_server *server);

/* The timer does not go off any more. */
void deadline_stop(struct ipclocker_server *server);

/* Sets the timer to the table's next deadline; to none while nothing may change, as a release could
 * not be kept.  To be called at the end of each pass, which whoever changes either has queued. */
void deadline_arm(struct ipclocker_server *server);

/* To be called about once a second: the timer stands still while the machine is suspended, and hold
 * limits do not. */
void deadline_check(struct ipclocker_server *server);

#endif
