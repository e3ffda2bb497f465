/* Reports of clients that a process elsewhere has ended, DEAD_PID: they are looked into before they
 * are believed. */
#ifndef FARMLOCK_SERVER_DEATH_REPORT_H
#define FARMLOCK_SERVER_DEATH_REPORT_H

#include "server.h"

/* Ends what a process has with autounlock when its host's pidstatd says that it has ended, which is
 * asked at once.  Where nobody has answered for 3 seconds, or nobody can be asked, the reporter is
 * believed as may_report_death() has it.  Does nothing where the process has nothing, and for a
 * client that has 100 such reports under way.
 */
void death_report_take(struct conn *conn, const char *host, pid_t pid);

/* Has the next part end of what was believed to be dead, where that may go on.  To be called last
 * in a pass. */
void death_report_end_pass(struct ipclocker_server *server);

/* Forgets those in the middle of what they end, of which the table is about to be given up. */
void death_report_forget_ending(struct ipclocker_server *server);

/* Forgets all that are under way. */
void death_report_stop(struct ipclocker_server *server);

#endif
