/* What the store has becomes the table. */
#ifndef FARMLOCK_SERVER_STATE_RESTORE_H
#define FARMLOCK_SERVER_STATE_RESTORE_H

#include "server.h"

/* Replaces the table, and the claims with it, by what the store has.  Returns -1 with errno and
 * *error, as store_load() does, and EEXIST when the store is older than what was loaded before;
 * then nothing has changed.
 */
int state_restore_load(struct ipclocker_server *server, char error[STORE_ERROR_SIZE]);

/* Looks after every request that was loaded, once changes are kept again; those whose owner has
 * ended are ended too. */
void state_restore_take_up(struct ipclocker_server *server);

#endif
