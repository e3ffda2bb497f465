/* Memory of connections that come and go.
 * Must not touch anything of a connection but its memory. */
#include "spare_conn.h"

#include <stdlib.h>

#include "base/watched_memory.h"

/* As many as one pass of the loop sees in a burst of clients with a request each. */
enum { SPARES_MOST = 64 };

/* What such memory has in it meanwhile. */
struct spare_conn {
    struct spare_conn *next;
    struct buffer out;
};

_Static_assert(sizeof(struct spare_conn) <= sizeof(struct conn), "one is in the other's memory");

static struct spare_conn *pop(struct ipclocker_server *server)
{
    struct spare_conn *spare = server->spares;

    server->spares = spare->next;
    server->spare_count--;
    return spare;
}

struct conn *spare_conn_take(struct ipclocker_server *server, struct buffer *out)
{
    struct spare_conn *spare;

    if (server->spares == NULL)
        return malloc(sizeof(struct conn));
    spare = pop(server);
    if (server->spare_count < server->spare_idle)
        server->spare_idle = server->spare_count;
    *out = spare->out;
    return (struct conn *)(void *)spare;
}

void spare_conn_leave(struct conn *conn)
{
    struct ipclocker_server *server = conn->server;
    struct spare_conn *spare = (void *)conn;
    struct buffer out = conn->out.bytes;

    if (server->spare_count >= SPARES_MOST || MEMORY_IS_WATCHED) {
        buffer_fini(&out);
        free(conn);
        return;
    }
    out.len = 0;
    *spare = (struct spare_conn){.next = server->spares, .out = out};
    server->spares = spare;
    server->spare_count++;
}

static void forget(struct ipclocker_server *server, size_t count)
{
    while (count-- > 0) {
        struct spare_conn *spare = pop(server);

        buffer_fini(&spare->out);
        free(spare);
    }
}

void spare_conn_trim(struct ipclocker_server *server)
{
    forget(server, server->spare_idle);
    server->spare_idle = server->spare_count;
}

void spare_conn_forget(struct ipclocker_server *server)
{
    forget(server, server->spare_count);
    server->spare_idle = 0;
}
