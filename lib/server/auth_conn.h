/* How a client proves who it is: `auth` and `proof` of lockerd-protocol(7). */
#ifndef FARMLOCK_SERVER_AUTH_CONN_H
#define FARMLOCK_SERVER_AUTH_CONN_H

#include "auth_worker.h"
#include "server.h"

/* Commands, with the rest of their lines. */
void auth_conn_auth(struct conn *conn, char *args);
void auth_conn_proof(struct conn *conn, char *args);
void auth_conn_whoami(struct conn *conn, char *args);

/* The connection goes away. */
void auth_conn_forget(struct conn *conn);

/* For auth_worker.h: a credential was judged, or something else is known. */
void auth_conn_on_job(struct ipclocker_server *server, struct auth_job *job);

/* The server begins to serve: finds out who it is to munged, where that is to be asked.  Blocks for
 * two seconds at most.  Returns -1 with errno and server->error where it cannot be asked at all. */
int auth_conn_start(struct ipclocker_server *server);

#endif
