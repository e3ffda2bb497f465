/* One connection: its socket, and bytes in and out.  Nothing here blocks. */
#ifndef FARMLOCK_CLIENT_CONNECTION_H
#define FARMLOCK_CLIENT_CONNECTION_H

#include "client.h"

/* Whether two addresses are the same, port included. */
bool client_connection_same_address(const union client_address *a, const union client_address *b);

/* Begins to connect a socket.  Returns a descriptor that does not block, the caller's to close, or
 * -1 with errno of socket(2) or connect(2).
 */
int client_connection_open(const union client_address *address);

/* Looks how the connecting goes: 1 connected, 0 not yet, -1 failed with errno of connect(2). */
int client_connection_check(int fd, const union client_address *address);

/* The address that is tried or talked to. */
const union client_address *client_connection_address(const struct ipclocker *lock);

/* Has the kernel find out when the server's machine is gone, where nothing is said for long. */
void client_connection_keep_alive(const struct ipclocker *lock);

/* Closes the connection, if there is one, and forgets what was to be sent or came on it. */
void client_connection_close(struct ipclocker *lock);

/* Sends what is in connection.out, as far as that goes.  Returns 0, or -1 with errno of send(2), or
 * ENOMEM where memory ran out for what was to be sent.
 */
int client_connection_flush(struct ipclocker *lock);

/* Whether the other host has confirmed all that was sent.  If not, it is the network that is
 * silent, and not the server.  True where the kernel does not tell, as for a UNIX socket.
 */
bool client_connection_is_delivered(const struct ipclocker *lock);

/* Reads what is there, for the parser.  Returns how many bytes came, 0 for none, -1 with errno:
 * ECONNRESET at the end of the connection, ENOMEM, or that of recv(2).
 */
int client_connection_receive(struct ipclocker *lock);

#endif
