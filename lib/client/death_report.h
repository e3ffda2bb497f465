/* Reports of the ends of locks' owners to a classic server, which asks its clients to look. */
#ifndef FARMLOCK_CLIENT_DEATH_REPORT_H
#define FARMLOCK_CLIENT_DEATH_REPORT_H

#include "client.h"

/* Looks at an owner that a classic server has doubts about, and begins to report its end where it
 * was of this host and is gone.
 */
void client_death_report_check(struct ipclocker *lock, const char *hostname, pid_t pid);

/* Goes on with reports that are under way, without blocking. */
void client_death_report_step(struct ipclocker *lock);

/* Drops reports that are under way. */
void client_death_report_end(struct ipclocker *lock);

#endif
