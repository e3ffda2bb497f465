/* DEQUEUE: waits are ended by somebody else. */
#ifndef FARMLOCK_SERVER_COMMAND_DEQUEUE_H
#define FARMLOCK_SERVER_COMMAND_DEQUEUE_H

#include "server.h"

void command_dequeue(struct conn *conn, char *args);

#endif
