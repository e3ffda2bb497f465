/* What the store has becomes the table. */
#ifndef FARMLOCK_SERVER_STATE_RESTORE_H
#define FARMLOCK_SERVER_STATE_RESTORE_H

#include "server.h"

/* Replaces the table, and the claims with it, by what the store has.  Returns -1 with errno and
 * *error, as store_load() does, and EEXIST when the store is older than what was loaded before;
 * then nothing has changed.
 */
int state_restore_load(struct ipclocker_server *server, char error[STORE_ERROR_SIZE]);

/* Replaces the table by an empty one, as far as there is memory: another server has the state. */
void state_restore_forget(struct ipclocker_server *server);

/* Looks after every request that was loaded, once changes are kept again; those whose owner has
 * ended are ended too. */
void state_restore_take_up(struct ipclocker_server *server);

/* A server whose state was moved aside must not hand out tokens that are out there already: there
 * cannot have been a thousand grants a second since 1970. */
void state_restore_begin_above_the_past(struct ipclocker_server *server);

/* Tokens grow over restarts also where nothing is kept, as time does; and older ones are known to
 * come from before. */
void state_restore_begin_without_memory(struct ipclocker_server *server);

#endif
