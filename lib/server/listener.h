/* Listening sockets. */
#ifndef FARMLOCK_SERVER_LISTENER_H
#define FARMLOCK_SERVER_LISTENER_H

#include "server.h"

enum { LISTENER_BACKLOG = 4096 };

/* Adds a socket that listens, or may, to the server's.  NULL with errno and an error. */
struct listener *listener_add(struct ipclocker_server *server, int fd);

/* Sets what connections at a socket inherit. */
void listener_set_up(int fd);

/* Has the loop listen at all of them; but where the state is shared, only makes them ready for
 * listener_open_all().  Returns -1 with errno and an error. */
int listener_start_all(struct ipclocker_server *server);

/* Clients can connect from now on, or can not: the kernel refuses them, and whoever it has not
 * handed over yet, and the ports stay ours.  Only where the state is shared.  UNIX sockets, which
 * others may have meanwhile, are opened by themselves, those that are not open yet.  The first two
 * return -1 with errno and an error. */
int listener_open_all(struct ipclocker_server *server);
int listener_open_unix(struct ipclocker_server *server);
void listener_shut_all(struct ipclocker_server *server);

/* Nothing is accepted any more; the sockets stay, for another start. */
void listener_stop_all(struct ipclocker_server *server);

/* Takes it off the server's list, closes it, and removes the file of its UNIX socket, if it is
 * still ours. */
void listener_destroy(struct listener *listener);

#endif
