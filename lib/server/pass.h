/* A pass of the loop, and its end: what was said and changed in it is dealt with there, once. */
#ifndef FARMLOCK_SERVER_PASS_H
#define FARMLOCK_SERVER_PASS_H

#include "server.h"

/* To be called when server->base is there, before any other. */
void pass_start(struct ipclocker_server *server);

/* No pass ends any more. */
void pass_stop(struct ipclocker_server *server);

/* Has the end of this pass looked after what has changed in it. */
void pass_queue_end(struct ipclocker_server *server);

/* Around the handling of an event of the loop: where it is the only one of its round, has to do
 * with one connection at most, and nothing is to be kept, the pass ends at once, for much less than
 * an event of its own costs.  The connection may be gone then. */
void pass_begin_short(struct ipclocker_server *server);
void pass_end_short(struct ipclocker_server *server);

/* Has a connection looked at when this pass of the loop ends. */
void pass_mark_dirty(struct conn *conn);

/* A connection's LOCK waits no more: what stands behind it can be handled. */
void pass_resume(struct conn *conn);

/* Handles what stood behind the LOCKs that a release has ended, before that release is answered, as
 * the classic server does: its status tells of the owner after them.
 */
void pass_run_resumed(struct ipclocker_server *server);

#endif
