/* BREAK_LOCK, which takes locks from those that have them. */
#ifndef FARMLOCK_SERVER_COMMAND_BREAK_H
#define FARMLOCK_SERVER_COMMAND_BREAK_H

#include "server.h"

/* As the table of commands wants it. */
void command_break_lock(struct conn *conn, char *args);

#endif
