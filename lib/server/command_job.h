/* DEAD_JOB: a scheduler's job has ended. */
#ifndef FARMLOCK_SERVER_COMMAND_JOB_H
#define FARMLOCK_SERVER_COMMAND_JOB_H

#include "server.h"

/* Answers for a connection, with the rest of its line. */
void command_dead_job(struct conn *conn, char *args);

#endif
