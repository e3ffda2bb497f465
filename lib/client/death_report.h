/* Reports of the ends of locks' owners to a server, which asks its clients to look. */
#ifndef FARMLOCK_CLIENT_DEATH_REPORT_H
#define FARMLOCK_CLIENT_DEATH_REPORT_H

#include "client.h"

/* Looks at an owner that the server has doubts about, as an ANSWER_CHECK says, and reports its end
 * where it was of this host and is gone, or begins to.
 */
void client_death_report_check(struct ipclocker *lock, const struct answer *check);

/* Whether there was such a report since the lock was asked for, so that it is worth asking again;
 * true only so many times for one lock.
 */
bool client_death_report_helps(struct ipclocker *lock);

/* Goes on with reports that are under way, without blocking. */
void client_death_report_step(struct ipclocker *lock);

/* Drops reports that are under way. */
void client_death_report_end(struct ipclocker *lock);

#endif
