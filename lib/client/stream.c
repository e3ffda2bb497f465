/* Hands out the connection to a server, for a conversation of the caller's own.
 * Must not look for servers in a way that differs from other requests. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "connection.h"
#include "error.h"

int client_stream_open(struct ipclocker *lock)
{
    struct ipclocker_ping_status status;
    int fd;

    if (ipclocker_ping_status(lock, &status) != 0)
        return -1;
    if (status.protocol < 2)
        return client_fail(lock, ENOTSUP, "the server is a classic one, without history");
    fd = lock->connection.fd;
    if (fcntl(fd, F_SETFL, 0) != 0)
        return client_fail(lock, errno, "cannot use the connection: %s", strerror(errno));
    lock->connection.fd = -1;
    client_disconnect(lock);
    return fd;
}
