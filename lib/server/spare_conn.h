/* One connection that comes for each that goes needs no new memory: that of the last that went is
 * kept, with a small buffer for what the next one is told. */
#ifndef FARMLOCK_SERVER_SPARE_CONN_H
#define FARMLOCK_SERVER_SPARE_CONN_H

#include "server.h"

/* Memory for a connection, to be filled in, and in *out its buffer, which is left as it is where
 * there is none.  NULL when there is no memory. */
struct conn *spare_conn_take(struct ipclocker_server *server, struct buffer *out);

/* Keeps or frees the memory of one that has gone, and its buffer: all else is freed already. */
void spare_conn_leave(struct conn *conn);

/* Frees what is kept. */
void spare_conn_forget(struct ipclocker_server *server);

#endif
