/* Lines that only set something, for the commands behind them. */
#ifndef FARMLOCK_SERVER_SETTING_H
#define FARMLOCK_SERVER_SETTING_H

#include "server.h"

/* Settings, with the rest of their line.  One that cannot be used is kept as the connection's
 * fault.
 */
/* All are as they were at first, but for the protocol. */
void setting_forget(struct conn *conn);

void setting_user(struct conn *conn, char *args);
void setting_hostname(struct conn *conn, char *args);
void setting_job(struct conn *conn, char *args);
void setting_project(struct conn *conn, char *args);
void setting_priority(struct conn *conn, char *args);
void setting_lost_after(struct conn *conn, char *args);
void setting_why(struct conn *conn, char *args);
void setting_queue_most(struct conn *conn, char *args);
void setting_pid(struct conn *conn, char *args);
void setting_process(struct conn *conn, char *args);
void setting_block(struct conn *conn, char *args);
void setting_autounlock(struct conn *conn, char *args);
void setting_session(struct conn *conn, char *args);
void setting_timeout(struct conn *conn, char *args);
void setting_locks(struct conn *conn, char *args);
void setting_and(struct conn *conn, char *args);
void setting_shared(struct conn *conn, char *args);
void setting_spread(struct conn *conn, char *args);
void setting_keep(struct conn *conn, char *args);
void setting_until_boot(struct conn *conn, char *args);
void setting_count(struct conn *conn, char *args);
void setting_proto(struct conn *conn, char *args);

#endif
