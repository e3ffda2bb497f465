/* Under which processes and grants a handle's process runs, for the server to know who waits for
 * whom. */
#ifndef FARMLOCK_CLIENT_INSIDE_H
#define FARMLOCK_CLIENT_INSIDE_H

#include <stdbool.h>

#include "client.h"

/* Whether the server is to be told, and has not been since it put us into its queue. */
bool client_inside_is_due(const struct ipclocker *lock);

/* Tells it, and is answered with our place, or the end of the wait.  Sends nothing by itself. */
void client_inside_tell(struct ipclocker *lock);

/* Takes what the server says of a circle, "LOCK OWNER LOCK OWNER ...": whom we wait for, and the
 * reason in words for a person. */
void client_inside_take(struct ipclocker *lock, const char *circle);

/* Fails with EDEADLK, as whoever we wait for, whom a circle has told, waits for us. */
int client_inside_refuse(struct ipclocker *lock, const char *demand);

#endif
