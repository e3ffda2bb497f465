/* OUTSIDE, OFFLINE and ONLINE: what nobody is to be given. */
#ifndef FARMLOCK_SERVER_COMMAND_SEATS_H
#define FARMLOCK_SERVER_COMMAND_SEATS_H

#include "server.h"

void command_outside(struct conn *conn, char *args);
void command_offline(struct conn *conn, char *args);
void command_online(struct conn *conn, char *args);

#endif
