/* What a connection has to say: bytes out, as far as they are safe and its client reads. */
#ifndef FARMLOCK_SERVER_CONN_OUTPUT_H
#define FARMLOCK_SERVER_CONN_OUTPUT_H

#include "server.h"

/* Whether the client reads enough to be told more: one that does not is not listened to either,
 * whatever it says; early where all together have much to read. */
static inline bool conn_output_has_room(const struct conn *conn)
{
    enum { LITTLE_BYTES = 4096 };
    const struct ipclocker_server *server = conn->server;
    uint32_t len = gated_output_len(&conn->out);

    return len < LITTLE_BYTES ||
           (len < server->limits[IPCLOCKER_LIMIT_UNREAD_BYTES] &&
            server->output_bytes + server->listing_bytes < server->limits[IPCLOCKER_LIMIT_OUTPUT]);
}

/* At the end of a pass: decides which commit waits for what was said, and sends what may be sent.
 * Returns false when the connection is broken, or there is no memory. */
bool conn_output_end_pass(struct conn *conn);

/* Lets go of what waits for a commit that is done; the rest waits on. */
void conn_output_release(struct conn *conn);

/* Takes back what waits for a commit. */
void conn_output_take_back(struct conn *conn);

/* Nobody reads any more: throws away what there is, and has whatever is sent later fail. */
void conn_output_shut(struct conn *conn);

/* The connection goes away. */
void conn_output_fini(struct conn *conn);

#endif
