/* What the events of the lock table set off. */
#ifndef FARMLOCK_SERVER_EVENTS_H
#define FARMLOCK_SERVER_EVENTS_H

#include "lock/table.h"

/* The callback of the server's table; `server` is a struct ipclocker_server.  See lock_event_fn. */
void events_on_table(void *server, const struct lock_event *event);

#endif
