/* Finding the owners that are in containers of this host. */
#ifndef FARMLOCK_SERVER_OWNER_FINDER_H
#define FARMLOCK_SERVER_OWNER_FINDER_H

#include "pidstat/finder.h"
#include "server.h"

/* Whether a process is of this boot and another pid namespace, and can be told from others there.
 */
bool owner_finder_can_find(const struct lock_claimant *process);

/* Notes for a claim which process outside is that of its session's settings, where that has itself
 * connected a UNIX socket, and is in a container of this host. */
void owner_finder_note(struct claim *claim, const struct conn *conn);

/* Nothing is noted any more. */
void owner_finder_forget(struct claim *claim);

/* What was noted, where its request is still that process's; else 0. */
pid_t owner_finder_noted(const struct claim *claim);

/* Begins a search, see pidstat/finder.h.  NULL when there is no memory. */
struct finder_search *owner_finder_start(struct ipclocker_server *server,
                                         const struct lock_claimant *process, finder_fn *function,
                                         void *context);

void owner_finder_fini(struct ipclocker_server *server);

#endif
