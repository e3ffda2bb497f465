/* A client's connection: bytes in, lines, bytes out. */
#ifndef FARMLOCK_SERVER_CONN_H
#define FARMLOCK_SERVER_CONN_H

#include "server.h"

/* Takes over an accepted descriptor, also when it fails.  Answers what its client has said already,
 * and may be done with it then. */
void conn_create(struct ipclocker_server *server, int fd, const struct auth_peer *peer,
                 struct account *account);

/* Closes it and frees it, with what it has not sent; never from inside a line of its own. */
void conn_destroy(struct conn *conn);

/* Handles lines that could not be before, writes what can be written, closes what is over and has
 * the loop look for more input of what is not.  The connection may be gone then. */
void conn_finish_pass(struct conn *conn);

/* Handles lines that had to wait for a grant, or for the client to read.  Returns whether any was.
 */
bool conn_handle_kept_lines(struct conn *conn);

/* Its turn has come: goes on with what it has said, or reads. */
void conn_take_turn(struct conn *conn);

/* Takes back what waits for a commit, says why, and closes.  Nothing is linked to it any more. */
void conn_take_back(struct conn *conn, const struct refusal *why);

/* Says so, without a status, and closes behind it. */
void conn_refuse(struct conn *conn, const struct refusal *refusal);

/* Closes those whose time is over: that are draining, have sent no command though they neither hold
 * nor wait, or take nothing of what they are told.  To be called about once a second. */
void conn_sweep(struct ipclocker_server *server);

#endif
