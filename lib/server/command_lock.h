/* LOCK, RENEW and UNLOCK: what an owner asks for, goes on with and gives back. */
#ifndef FARMLOCK_SERVER_COMMAND_LOCK_H
#define FARMLOCK_SERVER_COMMAND_LOCK_H

#include "server.h"

/* Each answers for a connection, with the rest of its line. */
void command_lock(struct conn *conn, char *args);
void command_renew(struct conn *conn, char *args);
void command_unlock(struct conn *conn, char *args);
void command_explain(struct conn *conn, char *args); /* what would come of a LOCK */
void command_dead_process(struct conn *conn, char *args);

#endif
