/* The time line of the table, and how it goes on from one life of the server to the next.
 *
 * It begins at the wall clock and goes on with the clock of the boot, which nobody sets.  The store
 * keeps how the two belong together, so that a restart within one boot knows exactly how much time
 * has passed, whatever the wall clock says meanwhile.  Over a boot, or on another machine, no clock
 * is known to be right: only the time that was noted while the server ran has surely passed.
 */
#ifndef FARMLOCK_SERVER_TIMELINE_H
#define FARMLOCK_SERVER_TIMELINE_H

#include "server.h"

/* The server starts: reads the clocks, for context_now_ms(). */
void timeline_start(struct ipclocker_server *server);

/* Takes up the line of what is loaded from the store, and says what changes in the log.  To be
 * called before any request is loaded.
 */
void timeline_take_up(struct ipclocker_server *server, const struct store_clock *clock);

/* Moves the times of a request that is loaded to the line as it is now, so that what has passed of
 * its hold limit stays what it was, as far as that is known: it is never over too early, and at
 * most its length later than now.
 */
void timeline_translate(struct ipclocker_server *server, struct lock_record *record);

/* The same of another time that is still to come; INT64_MAX stays. */
int64_t timeline_translate_time(const struct ipclocker_server *server, int64_t time_ms);

/* Puts into the batch of this pass what time it is, and all requests if any was moved since it was
 * loaded.  Returns -1 where there is no memory, which the end of the pass sees, too. */
int timeline_note_all(struct ipclocker_server *server);

/* Has the time alone kept.  The second does that where it was not done for a while, and is to be
 * called about once a second.
 */
void timeline_note_now(struct ipclocker_server *server);
void timeline_note_sometimes(struct ipclocker_server *server);

#endif
