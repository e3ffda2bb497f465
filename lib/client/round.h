/* Finding a server: a round over hosts and their addresses, and pauses in between. */
#ifndef FARMLOCK_CLIENT_ROUND_H
#define FARMLOCK_CLIENT_ROUND_H

#include "client.h"

/* Begins a round over all hosts. */
void client_round_begin(struct ipclocker *lock);

/* The same with the open connection, to the host that is asked first, as its first address. */
void client_round_resume(struct ipclocker *lock);

/* How long to wait for the address that is being tried, so that there is time for those behind it
 * before a limit is over; `most_ms` where there is no need to hurry.
 */
int64_t client_round_share_ms(const struct ipclocker *lock, int64_t most_ms);

/* Goes on to the next address of the round: to its name, for PHASE_RESOLVING, or to connect to it,
 * for PHASE_CONNECTING.  The handle has no connection then, but there may be rivals (race.h), and
 * where nothing else is left it is for the first of them.  Returns 0, or -1 when none is left.
 */
int client_round_connect_next(struct ipclocker *lock);

/* Sets the time for which what is tried is to be waited for. */
void client_round_expect(struct ipclocker *lock);

/* Whether it is time to try the next one besides. */
bool client_round_wants_next(const struct ipclocker *lock);

/* The current server would serve, but for those before it that may answer yet: it is tried again
 * when they have failed, before those behind it.
 */
void client_round_hold(struct ipclocker *lock);

/* Whether the addresses of the current host have to be waited for still.  If not, they are in the
 * round, or why there are none.
 */
bool client_round_is_resolving(struct ipclocker *lock);

/* The current host is a server: it is asked first from now on. */
void client_round_remember(struct ipclocker *lock);

/* For who waits, or holds, until the end: a server that stands alone, and was just faster with its
 * answer to a question than those before it in the list, is not asked first.
 */
void client_round_leave_hasty(struct ipclocker *lock);

/* The current host is a server that is silent: the others are asked first from now on. */
void client_round_avoid(struct ipclocker *lock);

/* How long to pause before the next round, with its random spread.  `was_lost`: there was a
 * connection, and there is something to keep.
 */
int64_t client_round_pause_ms(const struct ipclocker *lock, bool was_lost);

#endif
