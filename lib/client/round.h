/* Finding a server: a round over hosts and their addresses, and pauses in between. */
#ifndef FARMLOCK_CLIENT_ROUND_H
#define FARMLOCK_CLIENT_ROUND_H

#include "client.h"

/* Begins a round over all hosts. */
void client_round_begin(struct ipclocker *lock);

/* The same with the open connection, to the host that is asked first, as its first address. */
void client_round_resume(struct ipclocker *lock);

/* Notes why an address of the current host is no server.  Of several, what says most is told. */
void client_round_failed(struct ipclocker *lock, const struct client_failure *failure);

/* The same for what connect(2) failed with; for one that accepts and is silent; and for a name that
 * takes too long.
 */
void client_round_unreached(struct ipclocker *lock, int number);
void client_round_silent(struct ipclocker *lock);
void client_round_not_resolved(struct ipclocker *lock);

/* Whether another round would come to the same as this one. */
bool client_round_is_final(const struct ipclocker *lock);

/* How long to wait for the address that is being tried, so that there is time for those behind it
 * before a limit is over; `most_ms` where there is no need to hurry.
 */
int64_t client_round_share_ms(const struct ipclocker *lock, int64_t most_ms);

/* Goes on to the next address of the round: to its name, for PHASE_RESOLVING, or to connect to it,
 * for PHASE_CONNECTING.  Returns 0, or -1 when none is left.
 */
int client_round_connect_next(struct ipclocker *lock);

/* Whether the addresses of the current host have to be waited for still.  If not, they are in the
 * round, or why there are none.
 */
bool client_round_is_resolving(struct ipclocker *lock);

/* The current host is a server: it is asked first from now on. */
void client_round_remember(struct ipclocker *lock);

/* Tells where it is not the first of the list, once it is known whether the two share their state:
 * then there is nothing to tell.
 */
void client_round_tell_second(struct ipclocker *lock);

/* The current host is a server that is silent: the others are asked first from now on. */
void client_round_avoid(struct ipclocker *lock);

/* How long to pause before the next round, with its random spread.  `was_lost`: there was a
 * connection, and there is something to keep.
 */
int64_t client_round_pause_ms(const struct ipclocker *lock, bool was_lost);

/* Tell of a round that failed: that there will be another (`limit`: which of how many, or ""), that
 * a server is stayed with that does not answer, or that there is no other try; and that a server is
 * back, where it was told to be away.
 */
void client_round_tell_retry(struct ipclocker *lock, int64_t pause_ms, bool was_lost,
                             const char *limit);
void client_round_tell_silence(struct ipclocker *lock, const char *what_is_done);
void client_round_tell_down(struct ipclocker *lock);
void client_round_tell_return(struct ipclocker *lock);

/* Fails with why no host is a server.  Returns -1 with the errno of the last failure. */
int client_round_fail(struct ipclocker *lock);

#endif
