/* What has ended: the answer to HISTORY. */
#ifndef FARMLOCK_SERVER_HISTORY_H
#define FARMLOCK_SERVER_HISTORY_H

#include "onlooker.h"
#include "server.h"

/* Answers HISTORY, later when the store has; args are the rest of the line. */
void history_command(struct conn *conn, char *args);

/* Passes on what the store has answered. */
void history_take_answers(struct ipclocker_server *server);

/* A connection goes away, or its store does: nobody waits for the answer any more. */
void history_forget(struct conn *conn);

/* The same for who is no client, which is told.  Returns -1 where there is no history. */
int history_look(struct ipclocker_server *server, struct onlooker_of_past *onlooker,
                 struct store_query *query);
void history_look_away(struct onlooker_of_past *onlooker);

/* Tells all who wait that there will be no answer: the store is closed. */
void history_end_looks(struct ipclocker_server *server);

#endif
