/* The server's state that outlives it. */
#ifndef FARMLOCK_SERVER_STATE_H
#define FARMLOCK_SERVER_STATE_H

#include "server.h"

/* Opens the state and restores the table from it.  Returns -1 with errno and an error. */
int state_start(struct ipclocker_server *server);

/* Has everything written that was noted, and closes.  What changes later is not kept. */
void state_stop(struct ipclocker_server *server);

/* Frees what was set; it is stopped. */
void state_fini(struct state *state);

/* To be called at the end of each pass, when all that was said in it is marked. */
void state_end_pass(struct ipclocker_server *server);

#endif
