/* What has ended: the answer to HISTORY. */
#ifndef FARMLOCK_SERVER_HISTORY_H
#define FARMLOCK_SERVER_HISTORY_H

#include "server.h"

/* Answers HISTORY, later when the store has; args are the rest of the line. */
void history_command(struct conn *conn, char *args);

/* Passes on what the store has answered. */
void history_take_answers(struct ipclocker_server *server);

/* A connection goes away, or its store does: nobody waits for the answer any more. */
void history_forget(struct conn *conn);

#endif
