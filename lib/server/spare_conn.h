/* Connections that come for others that go need no new memory: that of some that went is kept, each
 * with a small buffer for what the next one is told, as long as it is in use now and then. */
#ifndef FARMLOCK_SERVER_SPARE_CONN_H
#define FARMLOCK_SERVER_SPARE_CONN_H

#include "server.h"

/* Memory for a connection, to be filled in, and in *out its buffer, which is left as it is where
 * there is none.  NULL when there is no memory. */
struct conn *spare_conn_take(struct ipclocker_server *server, struct buffer *out);

/* Keeps or frees the memory of one that has gone, and its buffer: all else is freed already. */
void spare_conn_leave(struct conn *conn);

/* Frees what was not needed since the last call.  To be called about once a second. */
void spare_conn_trim(struct ipclocker_server *server);

/* Frees all that is kept. */
void spare_conn_forget(struct ipclocker_server *server);

#endif
