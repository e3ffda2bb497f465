/* Finding a server: a round over hosts and their addresses, and pauses in between. */
#ifndef FARMLOCK_CLIENT_ROUND_H
#define FARMLOCK_CLIENT_ROUND_H

#include "client.h"

/* The host that is tried or talked to. */
const struct client_host *client_round_host(const struct ipclocker *lock);

/* Begins a round over all hosts. */
void client_round_begin(struct ipclocker *lock);

/* Notes why the current host is no server, for the error text.  `said`: `reason` is what a server
 * gave as such, cleaned.
 */
void client_round_failed(struct ipclocker *lock, int number, const char *reason, bool said);

/* Begins to connect to the next address of the round, for PHASE_CONNECTING.  May block, in the
 * resolver.  Returns 0, or -1 when none is left.
 */
int client_round_connect_next(struct ipclocker *lock);

/* The current host is a server: it is asked first from now on. */
void client_round_remember(struct ipclocker *lock);

/* It has us in its queue or has granted: what it knows, no other server does. */
void client_round_settle(struct ipclocker *lock);

/* How long to pause before the next round, with its random spread.  `was_lost`: there was a
 * connection, and there is something to keep.
 */
int64_t client_round_pause_ms(const struct ipclocker *lock, bool was_lost);

/* Tell of a round that failed: that there will be another (`limit`: which of how many, or ""), or
 * none; and that a server is back, where it was told to be away.
 */
void client_round_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost,
                             const char *limit);
void client_round_tell_down(struct ipclocker *lock);
void client_round_tell_return(struct ipclocker *lock);

/* Fails with why no host is a server.  Returns -1 with the errno of the last failure. */
int client_round_fail(struct ipclocker *lock);

#endif
