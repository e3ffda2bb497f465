/* Owners of whom nothing is heard: no session, and neither the process nor its host's pidstatd.
 *
 * Times are by the clock that does not run while the machine sleeps, and without what the loop has
 * stood still: nothing can be heard then.
 */
#ifndef FARMLOCK_SERVER_SILENCE_H
#define FARMLOCK_SERVER_SILENCE_H

#include "owner_process.h"
#include "server.h"

/* To be called before any other. */
void silence_init(struct ipclocker_server *server);

/* Frees what the server has for it, when no claim is looked after any more. */
void silence_fini(struct ipclocker_server *server);

/* Whether a request's owner loses what it has for being silent. */
bool silence_counts(const struct ipclocker_server *server, const struct lock_request *request);

/* To be called when a request is granted, renewed or restored: from then on it is looked after, if
 * its silence counts, and is ended when it has been silent for so long. */
void silence_watch(struct claim *claim);
void silence_forget(struct claim *claim);

/* A connection of it ends, which is there yet. */
void silence_leave(struct claim *claim, const struct conn *conn);

/* A pidstatd has answered for an owner, or has not in all tries. */
void silence_note(const struct ipclocker_server *server, struct owner_process *owner,
                  bool answered);

/* Whether a session of the owner is there, as far as is known. */
bool silence_is_connected(const struct lock_request *request);

/* For how long nothing was heard of a request's owner, in milliseconds; -1 where nobody is to be
 * heard: it has asked for nothing that goes by that, or is kept without its owner. */
int64_t silence_ms(const struct ipclocker_server *server, const struct lock_request *request);

#endif
