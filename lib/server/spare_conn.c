/* Memory of connections that come and go one by one.
 * Must not touch anything of a connection but its memory. */
#include "spare_conn.h"

#include <stdlib.h>

#include "base/watched_memory.h"

struct conn *spare_conn_take(struct ipclocker_server *server, struct buffer *out)
{
    struct conn *conn = server->spare;

    if (conn == NULL)
        return malloc(sizeof *conn);
    *out = conn->out.bytes;
    server->spare = NULL;
    return conn;
}

void spare_conn_leave(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;

    if (server->spare != NULL || MEMORY_IS_WATCHED) {
        buffer_fini(&conn->out.bytes);
        free(conn);
    } else {
        conn->out.bytes.len = 0;
        server->spare = conn;
    }
}

void spare_conn_forget(struct ipclocker_server *server)
{
    if (server->spare != NULL)
        buffer_fini(&server->spare->out.bytes);
    free(server->spare);
    server->spare = NULL;
}
