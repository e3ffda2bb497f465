/* Listening sockets. */
#ifndef FARMLOCK_SERVER_LISTENER_H
#define FARMLOCK_SERVER_LISTENER_H

#include "server.h"

/* Has the loop listen at all of them.  Returns -1 with errno and an error. */
int listener_start_all(struct ipclocker_server *server);

/* Nothing is accepted any more; the sockets stay, for another start. */
void listener_stop_all(struct ipclocker_server *server);

/* Takes it off the server's list, closes it, and removes the file of its UNIX socket, if it is
 * still ours. */
void listener_destroy(struct listener *listener);

/* Whether somebody on another machine could connect. */
bool listener_is_exposed(const struct ipclocker_server *server);

#endif
