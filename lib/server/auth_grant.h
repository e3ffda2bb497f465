/* Grants by their tokens, of those that have a key: for who goes on with one by it. */
#ifndef FARMLOCK_SERVER_AUTH_GRANT_H
#define FARMLOCK_SERVER_AUTH_GRANT_H

#include "server.h"

/* A request is held; one without a key is passed over.  May be told again. */
void auth_grant_note(struct ipclocker_server *server, struct lock_request *request);

/* It is held no more. */
void auth_grant_forget(struct ipclocker_server *server, const struct lock_request *request);

/* The request that holds by a grant, if that has a key; or NULL. */
const struct lock_request *auth_grant_find(const struct ipclocker_server *server, uint64_t token);

/* The table is another one: notes all that is held in it; of none (NULL), nothing. */
void auth_grant_note_all(struct ipclocker_server *server, const struct lock_table *table);

#endif
