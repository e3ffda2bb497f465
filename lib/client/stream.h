/* A conversation with a server in words that the client library does not know. */
#ifndef FARMLOCK_CLIENT_STREAM_H
#define FARMLOCK_CLIENT_STREAM_H

#include "ipclocker.h"

/* Finds a server as every request of the handle does, by its hosts, port and tries, and blocks as
 * long as these may take.  Returns a blocking descriptor of a connection that has said `proto 2`
 * and on which no answer is outstanding.  It is the caller's; the handle forgets it.
 * Returns -1 with errno and ipclocker_error():
 *   EINVAL   IPCLOCKER_HOST or IPCLOCKER_PORT is wrong
 *   ENOTSUP  the server is a classic one
 *   others   no server answers
 */
int client_stream_open(struct ipclocker *lock);

#endif
