/* The numbers of a lock server whose state others share. */
#ifndef FARMLOCK_HTTP_REPLICATION_METRICS_H
#define FARMLOCK_HTTP_REPLICATION_METRICS_H

#include "exposition.h"

struct ipclocker_server;

/* Adds nothing where the state is its own. */
void replication_metrics_add(struct exposition *to, const struct ipclocker_server *server);

#endif
